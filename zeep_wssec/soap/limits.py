"""How large and how intricate a message may be before anything in it is believed."""

from __future__ import annotations

from dataclasses import dataclass

from zeep_wssec.errors import ProfileError

_BYTES_PER_NODE = 16
_LEAST_NODES = 1000
_MOST_NODES = 8_000_000
"""libxml2 finds 10 million nodes at once and no more."""
_DEEPEST = 2048
"""libxml2 reads no deeper tree, whatever it is told."""
_MOST = 2**40
_SCALED = frozenset({"max_nodes", "max_text_length", "max_decrypted_bytes"})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on what a peer may make us read.

    What stands in the message is counted before any key is used; what comes out of ciphertext is counted
    as it comes. Limits that say ``None`` follow ``max_message_bytes``.
    """

    max_message_bytes: int = 32 * 1024 * 1024
    """Size of a message, encrypted or plain. 32 MiB: three times a large document in base64."""
    max_nodes: int | None = None
    """Elements, attributes and namespace declarations in all, decrypted ones included. ``None``: one for each
    16 bytes of ``max_message_bytes``, 1,000 at least and 8 million at most. A node takes 100 to 200 bytes of
    memory, so a tree stays below ten or so times the largest message; business data has one for each 20
    to 30 bytes."""
    max_depth: int = 100
    """Nesting of elements. Real envelopes stay below 40; Santuario's streaming reader also stops at 100."""
    max_attributes: int = 256
    """Attributes of one element: canonicalization sorts them, at a cost that grows with the square."""
    max_namespaces: int = 256
    """Namespace declarations in scope of one element. Canonicalization looks each prefix up among them, so
    they multiply its cost; stacks that declare all they know at the Envelope have about 30. An inclusive
    form takes 64 at most, whatever this says."""
    max_text_length: int | None = None
    """Characters of one text. ``None``: as many as the message has bytes, since a document in base64 is one
    text; a service without attachments may be held to less."""
    max_header_children: int = 32
    """Elements in ``wsse:Security``. A signed and encrypted message with all its tokens has about ten."""
    max_signatures: int = 4
    """``ds:Signature`` elements: each costs a public-key operation before trust. A signature, one that
    endorses it and those of two tokens are all that policies ask for."""
    max_references: int = 30
    """``ds:Reference`` elements of one signature; Santuario's own bound."""
    max_coverings: int = 8
    """How often signatures, all together, may cover one element: each time it is canonicalized again. Four
    signatures over the Body, and one part of it that each signs besides. Counted as references are followed."""
    max_encrypted_keys: int = 4
    """``xenc:EncryptedKey`` elements: each for us costs a private-key operation before trust. One is usual,
    one a direction and recipient the most that is met."""
    max_key_hops: int = 3
    """Steps from an ``xenc:EncryptedKey`` to the first key that it is wrapped under. One is usual: a content
    key under a session key."""
    max_derived_keys: int = 8
    """``wsc:DerivedKeyToken`` elements: one to sign and one to encrypt with, for each of four first keys."""
    max_iterations: int = 10_000
    """Iterations of all ``wsse:UsernameToken`` elements that keys are derived from, together. Each costs a hash
    before trust; most peers use 1,000 for one token."""
    max_certificates: int = 16
    """Certificates and tokens with certificates, each parsed before trust: two with their chains."""
    max_chain_length: int = 8
    """``ds:X509Certificate`` elements of one ``ds:X509Data``. Ordinary chains have two to four; more than 8
    are refused whatever this says, as in a PKIPath and in PKCS#7."""
    max_encrypted_data: int = 32
    """``xenc:EncryptedData`` elements, decrypted ones included."""
    max_decrypted_bytes: int | None = None
    """Octets of plain text of the whole message, nested ciphertext counted at each level. ``None``: as many
    as ``max_message_bytes``; what is encrypted once has fewer than its message."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is None and name in _SCALED:
                continue
            whole = isinstance(value, int) and not isinstance(value, bool)
            most = _DEEPEST if name == "max_depth" else _MOST
            if whole and abs(value) > most:
                # Not shown: Python writes no number of thousands of digits.
                raise ProfileError(f"The largest number here is {most}.", path=name)
            if not whole or value < 1:
                raise ProfileError(f"{value!r} is not a whole number above 0.", path=name)

    @property
    def nodes(self) -> int:
        """``max_nodes``, or what follows from ``max_message_bytes``."""
        scaled = self.max_message_bytes // _BYTES_PER_NODE
        return self.max_nodes or min(max(scaled, _LEAST_NODES), _MOST_NODES)

    @property
    def decrypted_bytes(self) -> int:
        """``max_decrypted_bytes``, or what follows from ``max_message_bytes``."""
        return self.max_decrypted_bytes or self.max_message_bytes

    @property
    def needs_huge_tree(self) -> bool:
        """Whether libxml2's own bound on a text node (10 MB) is below ``max_message_bytes``."""
        return self.max_message_bytes > 10_000_000
