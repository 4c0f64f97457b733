"""How large and how intricate a message may be before anything in it is believed."""

from __future__ import annotations

from dataclasses import dataclass

from zeep_wssec.errors import ProfileError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on what a peer may make us read; each is checked before any cryptography."""

    max_message_bytes: int = 32 * 1024 * 1024
    """Size of a message, encrypted or plain. 32 MiB: three times a large document in base64."""
    max_depth: int = 100
    """Nesting of elements. Real envelopes stay below 40; Santuario's streaming reader also stops at 100."""
    max_attributes: int = 256
    """Attributes of one element: canonicalization sorts them, at a cost that grows with the square."""
    max_header_children: int = 32
    """Elements in ``wsse:Security``."""
    max_signatures: int = 4
    """``ds:Signature`` elements: each costs a public-key operation before trust."""
    max_references: int = 30
    """``ds:Reference`` elements of one signature; Santuario's own bound."""
    max_encrypted_keys: int = 4
    """``xenc:EncryptedKey`` elements: each for us costs a private-key operation before trust."""
    max_derived_keys: int = 8
    """``wsc:DerivedKeyToken`` elements."""
    max_encrypted_data: int = 32
    """``xenc:EncryptedData`` elements, decrypted ones included."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ProfileError(f"{value!r} is not a whole number above 0.", path=name)

    @property
    def needs_huge_tree(self) -> bool:
        """Whether libxml2's own bound on a text node (10 MB) is below ``max_message_bytes``."""
        return self.max_message_bytes > 10_000_000
