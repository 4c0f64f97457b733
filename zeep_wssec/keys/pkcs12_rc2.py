"""RC2, to read the certificates of PKCS#12 files that Java 8 and old OpenSSL wrote.

They hold certificates, which are public, under RC2 with 40 bits; no library that we use offers it.
Only decryption is here, and only for that: RC2 protects nothing.

Spec: RFC 2268.
"""

from __future__ import annotations

MAX_BYTES = 1024 * 1024
"""Pure Python decrypts about half a megabyte a second; a file with 100 certificates has 0.2."""

# RFC 2268, section 2: a permutation made from the digits of pi.
_PI = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_ROTATIONS = (1, 2, 3, 5)


def decrypt_cbc(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """Decrypt in CBC mode with as many effective key bits as the key has; padding stays.

    Raises:
        ValueError: The ciphertext is not made of blocks, or is too large.
    """
    if len(ciphertext) % 8 or len(ciphertext) > MAX_BYTES:
        raise ValueError("RC2 ciphertext of this length")
    schedule = _expand(key)
    plain = bytearray()
    previous = iv
    for start in range(0, len(ciphertext), 8):
        block = ciphertext[start : start + 8]
        words = _decrypt_block(schedule, block)
        plain += (words ^ int.from_bytes(previous, "little")).to_bytes(8, "little")
        previous = block
    return bytes(plain)


def _expand(key: bytes) -> list[int]:
    # RFC 2268, section 2, with T8 = T and TM = 255: every bit of the key counts.
    size = len(key)
    octets = list(key)
    for index in range(size, 128):
        octets.append(_PI[octets[index - 1] + octets[index - size] & 255])
    octets[128 - size] = _PI[octets[128 - size]]
    for index in range(127 - size, -1, -1):
        octets[index] = _PI[octets[index + 1] ^ octets[index + size]]
    return [octets[index] | octets[index + 1] << 8 for index in range(0, 128, 2)]


def _decrypt_block(schedule: list[int], block: bytes) -> int:
    # RFC 2268, section 4.
    words = [int.from_bytes(block[index : index + 2], "little") for index in (0, 2, 4, 6)]
    position = 63
    for rounds in (5, 6, 5):
        for _ in range(rounds):
            for index in (3, 2, 1, 0):
                word, turn = words[index], _ROTATIONS[index]
                word = word >> turn | word << 16 - turn
                before = words[index - 1]
                mixed = (before & words[index - 2]) + (~before & words[index - 3])
                words[index] = word - schedule[position] - mixed & 0xFFFF
                position -= 1
        if position > 0:
            for index in (3, 2, 1, 0):
                words[index] = words[index] - schedule[words[index - 1] & 63] & 0xFFFF
    return words[0] | words[1] << 16 | words[2] << 32 | words[3] << 48
