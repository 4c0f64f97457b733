"""Replay stores: what was accepted once is remembered for as long as it could be accepted again.

``MemoryReplayStore`` is for one process; ``zeep_wssec.replay.sqlite`` has one for the processes of one
machine, ``zeep_wssec.replay.redis`` one for many machines.
"""

from zeep_wssec.replay.keys import message_id_key, nonce_key, signature_key
from zeep_wssec.replay.memory import MemoryReplayStore
from zeep_wssec.replay.store import MAX_ENTRIES, ReplayStore, require_new

__all__ = [
    "MAX_ENTRIES",
    "MemoryReplayStore",
    "ReplayStore",
    "message_id_key",
    "nonce_key",
    "require_new",
    "signature_key",
]
