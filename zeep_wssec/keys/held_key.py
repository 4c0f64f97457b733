"""What every private key has in common, wherever it is kept: nothing can be put into it or taken out of it."""

from __future__ import annotations

from typing import ClassVar, NoReturn

from zeep_wssec.errors import KeyMaterialError


class HeldKey:
    """A private key that is frozen, and never pickled or copied."""

    __slots__ = ()

    why_not_pickled: ClassVar[str] = "it would leave the process"
    """Ends the sentence of the error."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be set.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be removed.")

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError(
            f"A private key is not pickled: {self.why_not_pickled}.",
            hint="Let each process load its own keystore.",
        )
