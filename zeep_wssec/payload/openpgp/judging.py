"""What the status lines of GnuPG prove: whether data was decrypted whole, and whose signatures count.

The exit code decides nothing: it is zero where a signature's key is unknown to nobody but us.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
    WrongPasswordError,
)
from zeep_wssec.payload.openpgp.algorithms import (
    CIPHERS_BY_NUMBER,
    DIGESTS_BY_NUMBER,
    KEY_KINDS,
    LEAST_BITS,
    PgpAlgorithm,
)
from zeep_wssec.payload.openpgp.gpg import Outcome
from zeep_wssec.payload.openpgp.rings import RingKey
from zeep_wssec.payload.openpgp.settings import OpenPgpSettings
from zeep_wssec.payload.results import PayloadSigner

BAD_PASSPHRASE: Final = frozenset({11, 177})
"""GnuPG's numbers of the errors: a wrong passphrase, and none."""
_BINARY: Final = "00"
"""Class of a signature over octets; one over text counts line ends as it likes."""
_VERDICTS: Final = {
    "EXPSIG": ("expired", "the signature has expired"),
    "EXPKEYSIG": ("expired", "the signer's key has expired"),
    "REVKEYSIG": ("revoked", "the signer's key is revoked"),
}


@dataclass(frozen=True, kw_only=True)
class FoundSignature:
    """One signature as GnuPG saw it."""

    verdict: str
    """``"GOODSIG"``, ``"BADSIG"``, ``"ERRSIG"``, ``"EXPSIG"``, ``"EXPKEYSIG"`` or ``"REVKEYSIG"``."""
    key_id: str
    valid: tuple[str, ...] = ()
    """Arguments of VALIDSIG."""
    error: tuple[str, ...] = ()
    """Arguments of ERRSIG."""


def found_signatures(outcome: Outcome) -> list[FoundSignature]:
    """Give the signatures of a message, in order."""
    found: list[FoundSignature] = []
    for name, arguments in outcome.lines:
        if name in ("GOODSIG", "BADSIG", "ERRSIG", *_VERDICTS) and arguments:
            error = arguments if name == "ERRSIG" else ()
            found.append(FoundSignature(verdict=name, key_id=arguments[0], error=error))
        elif name == "VALIDSIG" and found:
            last = found[-1]
            found[-1] = FoundSignature(verdict=last.verdict, key_id=last.key_id, valid=arguments)
    return found


def require_signatures(outcome: Outcome, *, detached: bool) -> list[FoundSignature]:
    """Give the signatures of one signed message, or of the content of a detached one.

    Raises:
        PayloadUnsignedError: There is none, or it is no one message.
    """
    found = found_signatures(outcome)
    if not found or (not detached and len(outcome.all("PLAINTEXT")) != 1):
        raise PayloadUnsignedError("The data is not one signed message.")
    return found


class SignatureJudge:
    """Judges the signatures of one message."""

    def __init__(
        self,
        settings: OpenPgpSettings,
        *,
        partners: Sequence[RingKey],
        own: Sequence[RingKey],
        now: datetime,
    ) -> None:
        """Judge by the settings, with the keys of the rings, at ``now``."""
        self._settings, self._now = settings, now
        self._partners = {key.fingerprint: key for key in partners}
        self._own = {key.fingerprint for key in own}

    def judge(self, found: Sequence[FoundSignature]) -> tuple[PayloadSigner, ...]:
        """Give the signers, those whose signature counts first.

        Raises:
            PayloadSignatureError: A signature does not match the content.
            PayloadSignerError: None of them counts; the text says why the first does not.
            PayloadAlgorithmError: The same, for a weak digest.
        """
        if any(item.verdict == "BADSIG" for item in found):
            raise PayloadSignatureError(
                "A signature does not match: the content was changed after it was signed."
            )
        trusted, causes = [], []
        for item in found:
            try:
                trusted.append(self._signer(item))
            except PayloadError as error:
                causes.append((item, error))
        if not trusted:
            raise causes[0][1]
        others = (PayloadSigner(alias=None, key_id=item.key_id) for item, _ in causes)
        return (*trusted, *others)

    def _signer(self, item: FoundSignature) -> PayloadSigner:
        if item.verdict in _VERDICTS:
            reason, sentence = _VERDICTS[item.verdict]
            raise PayloadSignerError(
                f"The signature of {item.key_id} does not count: {sentence}.", reason=reason
            )
        if item.verdict != "GOODSIG" or len(item.valid) < 10:
            raise self._unknown(item)
        fingerprint, primary = item.valid[0], item.valid[9]
        key = self._require_partner(primary, item)
        self._check_key(key, fingerprint, KEY_KINDS.get(int(item.valid[6]), "unknown"))
        digest = self._require_digest(int(item.valid[7]))
        if item.valid[8] != _BINARY:
            raise PayloadSignerError(
                "The signature is over text, not over octets.",
                hint="Ask for a binary signature.",
                reason="wrong_usage",
            )
        signed_at = self._check_time(item.valid[2])
        return PayloadSigner(
            alias=key.user_ids[0] if key.user_ids else None,
            trusted_as=self._words(key),
            subject=key.user_ids[0] if key.user_ids else "",
            sha256=primary.lower(),
            key_id=fingerprint[-16:],
            signed_at=signed_at,
            algorithm=KEY_KINDS.get(int(item.valid[6]), "unknown"),
            digest=digest.name,
        )

    def _unknown(self, item: FoundSignature) -> PayloadError:
        # ERRSIG: key id, algorithm, digest, class, time, and 9 for a key that is not there.
        if len(item.error) > 5 and item.error[5] != "9":
            number = int(item.error[2]) if item.error[2].isdecimal() else 0
            digest = DIGESTS_BY_NUMBER.get(number)
            return PayloadAlgorithmError(
                f"The signature of {item.key_id} is over {digest.name if digest else 'a digest'}, "
                "which is refused.",
                algorithm=digest.name if digest else str(number),
            )
        return PayloadSignerError(
            f"Signed by the key {item.key_id}, which is in none of the public rings.",
            hint="Add the sender's public key to one of public_rings.",
            reason="unknown_signer",
        )

    def _require_partner(self, primary: str, item: FoundSignature) -> RingKey:
        key = self._partners.get(primary)
        named = key is not None and any(key.is_named(name) for name in self._settings.signed_by)
        if key is None or (primary in self._own and not named):
            raise PayloadSignerError(
                f"Signed by our own key {item.key_id}: what we sent came back, or the sender has our key."
                if primary in self._own
                else f"Signed by the key {item.key_id}, which is in none of the public rings.",
                reason="own_key" if primary in self._own else "unknown_signer",
            )
        if self._settings.signed_by and not named:
            raise PayloadSignerError(
                f"Signed by {key.describe()}; it must be signed by "
                f"{' or '.join(map(repr, self._settings.signed_by))}.",
                reason="wrong_peer",
            )
        return key

    def _check_key(self, key: RingKey, fingerprint: str, kind: str) -> None:
        bits = next((item.bits for item in key.parts if item.fingerprint == fingerprint), 0)
        if bits < LEAST_BITS.get(kind, 0) and not (
            kind == "dsa" and "dsa" in self._settings.legacy
        ):
            raise PayloadSignerError(
                f"Signed with a key of kind {kind} and {bits} bits.", reason="weak_key"
            )
        if kind == "dsa" and "dsa" not in self._settings.legacy:
            raise PayloadSignerError(
                "Signed with a DSA key.",
                hint='Add legacy = { dsa = "reason" } to accept it.',
                reason="weak_key",
            )

    def _require_digest(self, number: int) -> PgpAlgorithm:
        digest = DIGESTS_BY_NUMBER.get(number)
        if digest is None or (digest.legacy and digest.legacy not in self._settings.legacy):
            name = digest.name if digest else str(number)
            raise PayloadAlgorithmError(
                f"The signature is over {name}, which is legacy.",
                hint=f'Ask for a current one, or add legacy = {{ {name} = "reason" }}.',
                algorithm=name,
            )
        return digest

    def _check_time(self, text: str) -> datetime:
        signed_at = datetime.fromtimestamp(int(text), UTC)
        skew = timedelta(seconds=self._settings.clock_skew_seconds)
        if signed_at - self._now > skew:
            raise PayloadSignerError(
                f"The signature is of {signed_at:%Y-%m-%d %H:%M:%S}Z, which lies in the future.",
                hint="Compare the clocks of both sides.",
                reason="not_yet_valid",
            )
        oldest = self._settings.max_age_seconds
        if oldest is not None and self._now - signed_at > timedelta(seconds=oldest) + skew:
            raise PayloadSignerError(
                f"The signature is of {signed_at:%Y-%m-%d %H:%M:%S}Z; {oldest} seconds are allowed.",
                reason="expired",
            )
        return signed_at

    def _words(self, key: RingKey) -> str:
        name = next((item for item in self._settings.signed_by if key.is_named(item)), None)
        return f"key {key.key_id}" + (f" of {name!r}" if name else " of the public rings")


def check_signed_by(
    outcome: Outcome, judge: SignatureJudge, settings: OpenPgpSettings
) -> tuple[PayloadSigner, ...]:
    """Hold the signatures of a message against what ``open`` demands.

    Raises:
        PayloadUnsignedError: A signature is demanded, and there is none.
        PayloadSignerError: There is one, where there must be none, or none that counts.
    """
    found = found_signatures(outcome)
    if not found:
        if settings.signatures == "required":
            raise PayloadUnsignedError(
                "The data is encrypted, but nobody signed it: anybody may have sent it.",
                hint='State signatures = "optional" to accept that.',
            )
        return ()
    if settings.signatures == "none":
        raise PayloadSignerError(
            "The data is signed, but no signature is expected.",
            hint='State signatures = "required", and use open.',
            reason="unexpected",
        )
    return judge.judge(found)


def check_decrypted(outcome: Outcome, settings: OpenPgpSettings) -> PgpAlgorithm:
    """Check that a message was decrypted whole; give its cipher.

    Raises:
        PayloadDecryptionError: For every cause on the sender's side.
        PayloadAlgorithmError: It was, but under a cipher that is not allowed.
    """
    plain = outcome.all("PLAINTEXT")
    protected = outcome.has("GOODMDC") or "no-mdc" in settings.legacy
    if not (outcome.has("DECRYPTION_OKAY") and protected) or len(plain) != 1:
        raise PayloadDecryptionError()
    (cipher,) = _ciphers(outcome)
    if cipher.legacy and cipher.legacy not in settings.legacy:
        raise PayloadAlgorithmError(
            f"The data is encrypted with {cipher.name}, which is legacy.",
            hint=f'Ask for a current one, or add legacy = {{ {cipher.legacy} = "reason" }}.',
            algorithm=cipher.name,
        )
    return cipher


def _ciphers(outcome: Outcome) -> Iterator[PgpAlgorithm]:
    infos = outcome.all("DECRYPTION_INFO")
    cipher = CIPHERS_BY_NUMBER.get(int(infos[0][1])) if len(infos) == 1 else None
    if cipher is None:
        raise PayloadMalformedError("The data is encrypted more than once, or nobody says how.")
    yield cipher


def wrong_passphrase(settings: OpenPgpSettings) -> WrongPasswordError:
    """Give the error for secret keys that the passphrase does not open."""
    if settings.passphrase is None:
        return WrongPasswordError(
            "The passphrase of the secret keys is missing.",
            hint="State passphrase_env or passphrase_file.",
        )
    return WrongPasswordError(
        "The passphrase of the secret keys is wrong.",
        hint=f"It came from {settings.passphrase!r}, and opens all keys of secret_rings.",
    )
