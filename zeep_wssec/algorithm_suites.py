"""Algorithm suites of WS-SecurityPolicy by name, and the settings that each stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, TypeVar

from zeep_wssec.errors import LegacyAlgorithmError, ProfileError
from zeep_wssec.settings import Encryption, SessionKey, Signature
from zeep_wssec.xmlcrypto import algorithms

_Settings = TypeVar("_Settings", Signature, Encryption, SessionKey)
_STANDARD = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
_CXF = "http://cxf.apache.org/custom/security-policy"
_EDELIVERY = "http://e-delivery.eu/custom/security-policy"


@dataclass(frozen=True, kw_only=True)
class AlgorithmSuite:
    """What one word of a policy says about every algorithm; names as in the settings.

    A suite's own signatures are those of SHA-1, also where its digest is SHA-256. For a suite with
    ``Sha256`` in its name SHA-256 is taken for both, as most services mean it.
    """

    name: str
    namespace: str = _STANDARD
    """Of the assertion; the other two namespaces of the standard have the same suites."""
    cipher: str
    """Of content: ``"aes256-cbc"``."""
    key_transport: str
    oaep_digest: str = "sha1"
    """A suite that says nothing means that of the URI alone."""
    mgf: str = "sha1"
    digest: str
    """Of signature references."""
    asymmetric_signature: str
    """With a key pair, which is an RSA one in every suite."""
    symmetric_signature: str
    key_wrap: str
    """Under a symmetric key; ``"kw-tripledes"`` stands in no table here."""
    minimum_symmetric_bits: int
    maximum_symmetric_bits: int = 256
    minimum_asymmetric_bits: int = 1024
    """What the standard says; ours is more where a key is looked at."""
    maximum_asymmetric_bits: int = 4096

    @classmethod
    def named(cls, name: str) -> AlgorithmSuite:
        """Give the suite of that name.

        Raises:
            ProfileError: There is none, with those that there are and what may have been meant.

        Spec: WS-SecurityPolicy 1.3, section 6.1, AlgorithmSuite.
        """
        if isinstance(name, str) and name in ALGORITHM_SUITES:
            return ALGORITHM_SUITES[name]
        by_lower = {item.lower(): item for item in ALGORITHM_SUITES}
        close = get_close_matches(str(name).lower(), by_lower, n=1)
        raise ProfileError(
            f"{str(name)[:80]!r} is not an algorithm suite. There are "
            f"{', '.join(ALGORITHM_SUITES)}.",
            hint=f"Did you mean {by_lower[close[0]]}?" if close else "",
            path="algorithm_suite",
        )

    def signature(self, *, symmetric: bool = False, **settings: Any) -> Signature:
        """Give a signature step with the algorithms of the suite.

        Args:
            symmetric: Whether ``key`` is a shared secret or a key that the message makes.
            **settings: Of ``Signature``; they go before the suite's.

        Raises:
            LegacyAlgorithmError: The suite signs with SHA-1, and no opt-in allows it.
        """
        return self._made(Signature, self.signature_settings(symmetric=symmetric), settings)

    def encryption(self, **settings: Any) -> Encryption:
        """Give an encryption step with the algorithms of the suite.

        Args:
            **settings: Of ``Encryption``; they go before the suite's.

        Raises:
            LegacyAlgorithmError: The suite has RSA 1.5 or Triple DES, and no opt-in allows it.
            ProfileError: A key must be wrapped as the suite says, and that is not built.
        """
        return self._made(Encryption, self.encryption_settings(), settings)

    def session_key(self, **settings: Any) -> SessionKey:
        """Give a session key step with the algorithms of the suite, for a key of its length.

        Args:
            **settings: Of ``SessionKey``; they go before the suite's.

        Raises:
            LegacyAlgorithmError: The suite has RSA 1.5, and no opt-in allows it.
        """
        return self._made(SessionKey, self.session_key_settings(), settings)

    def signature_settings(self, *, symmetric: bool = False) -> dict[str, Any]:
        """Give what the suite says about a signature step."""
        algorithm = self.symmetric_signature if symmetric else self.asymmetric_signature
        return {"algorithm": algorithm, "digest": self.digest}

    def encryption_settings(self) -> dict[str, Any]:
        """Give what the suite says about an encryption step."""
        return {"algorithm": self.cipher, **self._transport_settings()}

    def session_key_settings(self) -> dict[str, Any]:
        """Give what the suite says about a session key step."""
        return {"bytes": self.minimum_symmetric_bits // 8, **self._transport_settings()}

    def _transport_settings(self) -> dict[str, Any]:
        settings = {
            "key_transport": self.key_transport,
            "digest": self.oaep_digest,
            "mgf": self.mgf,
        }
        # The wrap plays a part with shared secrets and elliptic curves only.
        if self.key_wrap in algorithms.KEY_WRAPS_BY_NAME:
            settings["key_wrap"] = self.key_wrap
        return settings

    def _made(
        self,
        make: Callable[..., _Settings],
        ours: Mapping[str, Any],
        theirs: Mapping[str, Any],
    ) -> _Settings:
        self.check_wrap(theirs)
        try:
            return make(**{**ours, **theirs})
        except LegacyAlgorithmError as error:
            if error.details.get("path") not in theirs:
                self.explain(error)
            raise

    def check_wrap(self, settings: Mapping[str, Any]) -> None:
        """Refuse an encryption that wraps a key as the suite says, where that is not built.

        Args:
            settings: What the step says itself.

        Raises:
            ProfileError: It names no other key wrap.
        """
        built = self.key_wrap in algorithms.KEY_WRAPS_BY_NAME
        if settings.get("wrapped") and "key_wrap" not in settings and not built:
            raise ProfileError(
                f"The suite {self.name} wraps keys with {self.key_wrap}, which is not built.",
                hint='Say another: key_wrap = "kw-aes256".',
                path="key_wrap",
            )

    def explain(self, error: LegacyAlgorithmError) -> None:
        """Say in the hint of ``error`` that the algorithm comes from the suite, and what to do."""
        opt_in = error.details.get("opt_in", "")
        if opt_in == "cbc":
            return  # its own hint says more
        better = self.name.replace("Rsa15", "")
        better = "Basic256Sha256" if opt_in == "3des" else better
        better += "" if "Sha256" in better else "Sha256"
        instead = f"take {better}, or " if better in ALGORITHM_SUITES else ""
        error.hint = (
            f"The suite {self.name} says so; {instead}"
            f'add legacy = {{ {opt_in} = "reason" }} to the step.'
        )


_Kind = Literal["Basic256", "Basic192", "Basic128", "TripleDes"]
_KINDS: Mapping[_Kind, tuple[str, str, int]] = {
    "Basic256": ("aes256", "kw-aes256", 256),
    "Basic192": ("aes192", "kw-aes192", 192),
    "Basic128": ("aes128", "kw-aes128", 128),
    "TripleDes": ("tripledes", "kw-tripledes", 192),
}
"""Cipher, key wrap and shortest symmetric key in bits."""


def _suite(kind: _Kind, ending: str, **settings: Any) -> AlgorithmSuite:
    """Give the suite that a kind of cipher and the ending of the name make."""
    cipher, key_wrap, bits = _KINDS[kind]
    sha = "sha256" if "Sha256" in ending else "sha1"
    mode = "gcm" if ending.startswith("GCM") else "cbc"
    values: dict[str, Any] = {
        "cipher": f"{cipher}-{mode}",
        "key_transport": "rsa-1_5" if ending.endswith("Rsa15") else "rsa-oaep-mgf1p",
        "digest": sha,
        "asymmetric_signature": f"rsa-{sha}",
        "symmetric_signature": f"hmac-{sha}",
        "key_wrap": key_wrap,
        "minimum_symmetric_bits": bits,
    }
    return AlgorithmSuite(name=kind + ending, **{**values, **settings})


_ENDINGS = ("", "Rsa15", "Sha256", "Sha256Rsa15")
_GCM_ENDINGS = ("GCM", "GCMRsa15", "GCMSha256Rsa15")
_MGF_SHA256 = {"key_transport": "rsa-oaep", "oaep_digest": "sha256", "mgf": "sha256"}
_TABLE = (
    *(_suite(kind, ending) for kind in _KINDS for ending in _ENDINGS),
    *(
        _suite(kind, ending, namespace=_CXF)
        for kind in _KINDS
        if kind != "TripleDes"
        for ending in _GCM_ENDINGS
    ),
    _suite("Basic128", "GCMSha256", namespace=_EDELIVERY),
    _suite("Basic128", "GCMSha256MgfSha256", namespace=_EDELIVERY, **_MGF_SHA256),
)
ALGORITHM_SUITES: Mapping[str, AlgorithmSuite] = {suite.name: suite for suite in _TABLE}
"""Those of the standard, then those with GCM of Apache CXF and of eDelivery."""
