"""OpenPGP as a payload format, on GnuPG."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self

from zeep_wssec.errors import (
    KeyNotFoundError,
    PayloadAlgorithmError,
    PayloadError,
    PayloadLimitError,
    PayloadUsageError,
)
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import hides_frames
from zeep_wssec.payload.openpgp.algorithms import COMPRESSIONS
from zeep_wssec.payload.openpgp.gpg import Outcome
from zeep_wssec.payload.openpgp.judging import (
    BAD_PASSPHRASE,
    SignatureJudge,
    check_decrypted,
    check_signed_by,
    found_signatures,
    require_signatures,
    wrong_passphrase,
)
from zeep_wssec.payload.openpgp.loaded import LoadedRings, binary_form
from zeep_wssec.payload.openpgp.packets import (
    ENCRYPTED,
    check_detached,
    check_encrypted,
    check_signed,
    message_packets,
)
from zeep_wssec.payload.openpgp.rings import RingKey, select
from zeep_wssec.payload.openpgp.settings import OpenPgpSettings
from zeep_wssec.payload.results import PayloadResult, PayloadSigner
from zeep_wssec.payload.shape import moment
from zeep_wssec.payload.sinks import PayloadWriter, open_sink
from zeep_wssec.payload.streams import (
    PayloadReader,
    PayloadSink,
    PayloadSource,
    open_source,
)

_MAX_SIGNATURE_BYTES = 64 * 1024


class OpenPgp:
    """Signs, encrypts, decrypts and verifies with the keys of key rings.

    GnuPG gets a private home, made at the first use and kept until ``close``, or until this object is
    forgotten; its agent holds the secret keys, under their passphrase. ``with OpenPgp(settings) as pgp: …``
    closes it. Safe to share between threads; a forked process makes a home of its own.
    """

    def __init__(
        self, settings: OpenPgpSettings, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        """Use the rings that the settings name; they are read at the first use.

        Args:
            settings: Rings, and how.
            clock: Gives the aware time where a verb is given none; unset: the clock of this machine, which
                GnuPG reads by itself.
        """
        self.settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._state: LoadedRings | None = None

    @classmethod
    def from_settings(
        cls,
        keystore: Keystore,
        settings: OpenPgpSettings,
        *,
        clock: Callable[[], datetime] | None = None,
    ) -> Self:
        """Make the format of its settings; OpenPGP has rings of its own, and no use for a keystore."""
        del keystore
        return cls(settings, clock=clock)

    def close(self) -> None:
        """Stop GnuPG's agent and remove its home; the next use makes another."""
        with self._lock:
            if self._state is not None:
                self._state.home.close()
            self._state = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def ring_keys(self) -> tuple[RingKey, ...]:
        """Give the keys of all rings, the partners' first."""
        loaded = self._loaded()
        known = {key.fingerprint for key in loaded.partners}
        return (*loaded.partners, *(key for key in loaded.own if key.fingerprint not in known))

    @hides_frames
    def sign(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Sign data with each of the signers; see ``PayloadFormat.sign``.

        Raises:
            KeyMaterialError: A key is missing or not fit, or its passphrase is wrong.
        """
        command = "--detach-sign" if self.settings.detached else "--sign"
        return self._write(data, to, now, command=(command,), signs=True, encrypts=False)

    @hides_frames
    def encrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Encrypt data to each of the recipients; see ``PayloadFormat.encrypt``.

        Raises:
            KeyMaterialError: A recipient is missing, or its key is not fit.
        """
        return self._write(data, to, now, command=("--encrypt",), signs=False, encrypts=True)

    @hides_frames
    def protect(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Sign and encrypt data: the signature is inside; see ``sign`` and ``encrypt``."""
        return self._write(
            data, to, now, command=("--sign", "--encrypt"), signs=True, encrypts=True
        )

    @hides_frames
    def verify(
        self,
        data: PayloadSource,
        *,
        content: PayloadSource | None = None,
        to: PayloadSink | None = None,
        now: datetime | None = None,
    ) -> PayloadResult:
        """Verify signed data, or a detached signature of ``content``; the result is what was signed.

        Raises:
            PayloadError: It is refused; nothing was written.
        """
        now, loaded = self._told(now), self._loaded()
        judge = self._judge(now)
        with open_source(data, seekable=True) as source, open_sink(to) as writer:
            if content is None:
                with binary_form(source, loaded.home) as reader:
                    check_signed(message_packets(reader))
                    reader.seek(0)
                    outcome = self._run("--decrypt", source=reader, sink=writer, now=now)
            else:
                outcome = self._verify_detached(source, content, writer, now)
            signers = judge.judge(require_signatures(outcome, detached=content is not None))
        return _result(writer, signers=signers)

    @hides_frames
    def decrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Decrypt data that nobody signed; see ``PayloadFormat.decrypt``.

        Raises:
            PayloadUsageError: It is signed: only ``open`` says by whom.
        """
        return self._opened(data, to, self._told(now), judge=None)

    @hides_frames
    def open(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Decrypt data and verify its signature, as ``signatures`` demands; see ``PayloadFormat.open``."""
        now = self._told(now)
        return self._opened(data, to, now, judge=self._judge(now))

    # What the verbs share.

    def _opened(
        self,
        data: PayloadSource,
        to: PayloadSink | None,
        now: datetime | None,
        *,
        judge: SignatureJudge | None,
    ) -> PayloadResult:
        settings, loaded = self.settings, self._loaded()
        unprotected = "no-mdc" in settings.legacy
        with open_source(data, seekable=True) as source, open_sink(to) as writer:
            with binary_form(source, loaded.home) as reader:
                if check_encrypted(message_packets(reader)) == ENCRYPTED and not unprotected:
                    raise PayloadAlgorithmError(
                        "Nothing protects the encrypted data against changes.",
                        hint='Ask for messages with an MDC, or add legacy = { no-mdc = "reason" }.',
                        algorithm="no-mdc",
                    )
                reader.seek(0)
                options = ("--ignore-mdc-error",) if unprotected else ()
                outcome = self._run(
                    *options, "--decrypt", source=reader, sink=writer, now=now, secret=True
                )
            if not outcome.has("DECRYPTION_OKAY"):
                self._check_passphrase()  # our own mistake is told apart from a broken message
            cipher = check_decrypted(outcome, settings)
            signers: tuple[PayloadSigner, ...] = ()
            if judge is not None:
                signers = check_signed_by(outcome, judge, settings)
            elif found_signatures(outcome):
                raise PayloadUsageError("The data is signed.", hint="Use open, which says by whom.")
        return _result(
            writer,
            signers=signers,
            recipients=_recipients(outcome, self.ring_keys()),
            encryption=cipher.name,
        )

    def _write(
        self,
        data: PayloadSource,
        to: PayloadSink | None,
        now: datetime | None,
        *,
        command: Sequence[str],
        signs: bool,
        encrypts: bool,
    ) -> PayloadResult:
        settings, now = self.settings, self._told(now)
        moment_ = moment(now)
        signers = self._signing_keys(moment_) if signs else ()
        recipients = self._recipient_keys(moment_) if encrypts else ()
        options = [
            f"--cipher-algo={settings.content_cipher.uri}",
            f"--digest-algo={settings.signature_digest.uri}",
            f"--compress-algo={COMPRESSIONS[settings.compression]}",
            *(["--armor"] if settings.armor else []),
            *(f"--local-user={key.fingerprint}" for key in signers),
            *(f"--recipient={key.fingerprint}" for key in recipients),
        ]
        with open_source(data) as reader, open_sink(to) as writer:
            outcome = self._run(
                *options, *command, source=reader, sink=writer, now=now, secret=signs, bounded=False
            )
            self._require_written(outcome, signatures=len(signers), encrypts=encrypts)
        digest = settings.signature_digest.name
        made = (_own_signer(key, moment_, digest) for key in signers)
        return _result(
            writer,
            signers=tuple(made),
            recipients=tuple(key.describe() for key in recipients),
            encryption=settings.content_cipher.name if encrypts else None,
        )

    def _require_written(self, outcome: Outcome, *, signatures: int, encrypts: bool) -> None:
        if outcome.errors & BAD_PASSPHRASE:
            raise wrong_passphrase(self.settings)
        whole = len(outcome.all("SIG_CREATED")) == signatures
        if not whole or outcome.code or (encrypts and not outcome.has("END_ENCRYPTION")):
            numbers = ", ".join(map(str, sorted(outcome.errors))) or str(outcome.code)
            raise PayloadError(
                f"GnuPG could not write the data (error {numbers}).",
                hint="A digest may be too long for a key, or a cipher not built in.",
            )

    def _verify_detached(
        self,
        source: PayloadReader,
        content: PayloadSource,
        writer: PayloadWriter,
        now: datetime | None,
    ) -> Outcome:
        home = self._loaded().home
        with binary_form(source, home) as reader:
            check_detached(message_packets(reader))
            reader.seek(0)
            signature = reader.read(_MAX_SIGNATURE_BYTES + 1)
        if len(signature) > _MAX_SIGNATURE_BYTES:
            raise PayloadLimitError(
                f"A detached signature of more than {_MAX_SIGNATURE_BYTES} bytes.",
                limit=_MAX_SIGNATURE_BYTES,
            )
        with open_source(content) as given:
            for chunk in given.chunks():
                writer.write(chunk)
        # What is verified is our own copy: a file could change between two looks at it.
        with home.private_file(signature) as path:
            return self._run("--verify", "--", path, "-", source=writer.reader(), now=now)

    def _run(
        self,
        *arguments: str,
        source: PayloadReader,
        sink: PayloadWriter | None = None,
        now: datetime | None,
        secret: bool = False,
        bounded: bool = True,
    ) -> Outcome:
        given = self.settings.passphrase if secret else None
        return self._loaded().home.run(
            *arguments,
            source=source,
            sink=sink,
            passphrase=given.reveal() if given is not None else None,
            now=now,
            limit=self.settings.max_output_bytes if bounded else None,
        )

    def _check_passphrase(self) -> None:
        given = self.settings.passphrase
        if not self._loaded().opens(given.reveal() if given is not None else None):
            raise wrong_passphrase(self.settings)

    def _signing_keys(self, now: datetime) -> tuple[RingKey, ...]:
        own = self._loaded().own
        names = self.settings.signers or tuple(key.fingerprint for key in own)
        if not self.settings.signers and len(own) != 1:
            raise KeyNotFoundError(
                "There is no secret key." if not own else "There are several secret keys.",
                hint=f"State signers: {'; '.join(key.describe() for key in own)}."
                if own
                else "Name a file with one in secret_rings.",
                alias=None,
                existing=[key.fingerprint for key in own],
            )
        return select(own, names, use="sign", now=now, legacy=self.settings.legacy)

    def _recipient_keys(self, now: datetime) -> tuple[RingKey, ...]:
        if not self.settings.recipients:
            raise PayloadUsageError("Nobody is named to encrypt to.", hint="State recipients.")
        names = self.settings.recipients
        return select(self.ring_keys(), names, use="encrypt", now=now, legacy=self.settings.legacy)

    def _told(self, now: datetime | None) -> datetime | None:
        """Give the time that GnuPG is told to act at; ``None``: it reads the clock of the machine."""
        return None if now is None and self._clock is None else moment(now, self._clock)

    def _judge(self, now: datetime | None) -> SignatureJudge:
        loaded = self._loaded()
        return SignatureJudge(
            self.settings, partners=loaded.partners, own=loaded.own, now=moment(now)
        )

    def _loaded(self) -> LoadedRings:
        with self._lock:
            if self._state is None or self._state.home.pid != os.getpid():
                self._state = LoadedRings.load(self.settings)
            return self._state

    def __repr__(self) -> str:
        return f"<OpenPgp {self.settings!r}>"


def _recipients(outcome: Outcome, keys: Sequence[RingKey]) -> tuple[str, ...]:
    """Give whom a message is encrypted to: keys we know in words, others by their id."""
    known = {item.key_id: key for key in keys for item in key.parts}
    found = [arguments[0] for arguments in outcome.all("ENC_TO")]
    return tuple(known[item].describe() if item in known else item for item in found)


def _own_signer(key: RingKey, now: datetime, digest: str) -> PayloadSigner:
    return PayloadSigner(
        alias=key.user_ids[0] if key.user_ids else None,
        trusted_as="our own key",
        subject=key.user_ids[0] if key.user_ids else "",
        sha256=key.fingerprint.lower(),
        key_id=key.key_id,
        signed_at=now,
        algorithm=key.kind,
        digest=digest,
    )


def _result(
    writer: PayloadWriter,
    *,
    signers: tuple[PayloadSigner, ...],
    recipients: tuple[str, ...] = (),
    encryption: str | None = None,
) -> PayloadResult:
    return PayloadResult(
        content=writer.content,
        size=writer.size,
        format="openpgp",
        signers=signers,
        recipients=recipients,
        encryption=encryption,
    )
