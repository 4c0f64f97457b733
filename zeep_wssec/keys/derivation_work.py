"""How much a key file may have us compute: a password is stretched for each key in it."""

from __future__ import annotations

from dataclasses import dataclass

from zeep_wssec.errors import KeyLoadError

MAX_ITERATIONS = 5_000_000
"""Bound on one key derivation; tools write 1 to 1,000,000."""
MAX_ALL_ITERATIONS = 20_000_000
"""Bound on those of one file together."""


@dataclass
class Work:
    """What a file has made us compute so far."""

    iterations: int = 0

    def add(self, iterations: int, *, source: str) -> int:
        """Count a key derivation before it is run, and give its iterations back.

        Raises:
            KeyLoadError: It asks for too much, or the file does with all of them.
        """
        if not 1 <= iterations <= MAX_ITERATIONS:
            raise KeyLoadError(
                f"{source}: a key derivation with {iterations} iterations; at most {MAX_ITERATIONS} are run.",
                source=source,
            )
        self.iterations += iterations
        if self.iterations > MAX_ALL_ITERATIONS:
            raise KeyLoadError(
                f"{source}: key derivations with more than {MAX_ALL_ITERATIONS} iterations together.",
                hint="Load fewer of its entries with only=[…].",
                source=source,
            )
        return iterations
