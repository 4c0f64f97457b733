"""What a message costs that nobody has signed: each flood against a good message of its size, at two sizes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from benchmarks.material import NOW, Material, order_rows, parse, plain_message
from benchmarks.measure import Contestant, Effort, take_turns
from benchmarks.table import Row
from zeep_wssec import Anonymous, Inbound, SessionKey, Signature, Timestamp, WSSecError
from zeep_wssec.soap.namespaces import (
    BASE64_BINARY,
    EXC_C14N,
    PREFIXES,
    TOKEN_PROFILE,
    USERNAME_PROFILE,
)  # fmt: skip

Rows = Iterator[Row]
SIZES = {"30 KB": 30_000, "1 MB": 1_000_000}
QUICK_SIZES = {"30 KB": 30_000, "300 KB": 300_000}
_AT_MOST = 10.0
_NAMESPACES = "".join(
    f' xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items() if prefix not in ("wsse", "wsu")
)
_GARBAGE = base64.b64encode(bytes(range(256))).decode()


@dataclass(frozen=True)
class Flood:
    """One kind of flood: where it stands in the message of the partner, and what it repeats."""

    name: str
    text: Callable[[int], str]
    """Gives the flood for a number of bytes."""
    place: str = "header"
    """``"header"``: first in the security header; ``"body"``: first in the Body; else an expression for
    what it takes the place of."""


def _repeated(pattern: str) -> Callable[[int], str]:
    """Repeat ``pattern``, with its number where it says ``%d``."""

    def text(total: int) -> str:
        count = max(1, total // (len(pattern) + 3 * pattern.count("%d")))
        if "%d" not in pattern:
            return pattern * count
        return "".join(pattern.replace("%d", str(number)) for number in range(count))

    return text


def _around(start: str, text: Callable[[int], str], end: str) -> Callable[[int], str]:
    return lambda total: start + text(total) + end


def _times(count: int, text: str) -> Callable[[int], str]:
    """Repeat as often as limits allow, and fill up with what a Body holds."""
    return lambda _: "".join(text.replace("%d", str(number)) for number in range(count))


def _declared(count: int, inside: str) -> Callable[[int], str]:
    names = " ".join(f'xmlns:n{number}="urn:n:{number}"' for number in range(count))
    return _around(f"<a {names}>", _repeated(inside), "</a>")


def _wide(total: int) -> str:
    count = total // 40
    names = " ".join(f'xmlns:n{number}="urn:n:{number}"' for number in range(count))
    return f"<a {names}>{'<b/>' * count}</a>"


def _nested(count: int) -> Callable[[int], str]:
    def text(total: int) -> str:
        width = max(1, total // count // 24)
        begin = "".join(
            "<a" + "".join(f' xmlns:n{level}.{n}="urn:{n}"' for n in range(width)) + ">"
            for level in range(count)
        )
        return begin + "</a>" * count

    return text


_REFERENCE = (
    f'<ds:Reference URI="#t"><ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    f"<ds:DigestValue>{_GARBAGE[:43]}=</ds:DigestValue></ds:Reference>"
)
_KEY = (
    '<xenc:EncryptedKey Id="k%d"><xenc:EncryptionMethod '
    'Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"/><ds:KeyInfo><ds:KeyName>CN=client</ds:KeyName>'
    f"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{_GARBAGE}</xenc:CipherValue>"
    "</xenc:CipherData></xenc:EncryptedKey>"
)
_DERIVED = (
    '<wsc:DerivedKeyToken wsu:Id="dk%d"><wsse:SecurityTokenReference><wsse:Reference URI="#k0"/>'
    "</wsse:SecurityTokenReference><wsc:Length>32</wsc:Length>"
    "<wsc:Nonce>AAAAAAAAAAAAAAAAAAAAAA==</wsc:Nonce></wsc:DerivedKeyToken>"
)
_USER = (
    '<wsse:UsernameToken wsu:Id="u%d"><wsse:Username>u</wsse:Username>'
    "<wsse11:Salt>AAAAAAAAAAAAAAAAAAAAAA==</wsse11:Salt>"
    "<wsse11:Iteration>{rounds}</wsse11:Iteration></wsse:UsernameToken>"
)
_DATA = (
    '<xenc:EncryptedData Id="d%d" Type="http://www.w3.org/2001/04/xmlenc#Content">'
    '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><ds:KeyInfo>'
    '<wsse:SecurityTokenReference><wsse:Reference URI="#{key}"/></wsse:SecurityTokenReference>'
    f"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{_GARBAGE}</xenc:CipherValue>"
    "</xenc:CipherData></xenc:EncryptedData>"
)
_TOKEN = (
    f'<wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" ValueType="{TOKEN_PROFILE}'
    '{kind}" wsu:Id="b%d">{value}</wsse:BinarySecurityToken>'
)
_PLACES = {"header": r"(?=<wsse:BinarySecurityToken )", "body": r"(?=<o:Order )"}
_SIGNATURE_VALUE = r"(?<=<ds:SignatureValue>)[^<]*"
_DIGEST_VALUE = r"(?<=<ds:DigestValue>)[^<]*"
_TRANSFORM = r"<ds:Transform [^>]*/>"
_SIGNER = r"<wsse:SecurityTokenReference>.*?</wsse:SecurityTokenReference>"
_ISSUER = ("<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>",
           "</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber>"
           "</ds:X509IssuerSerial></ds:X509Data>")  # fmt: skip
_SUBJECT = ("<ds:X509Data><ds:X509SubjectName>", "</ds:X509SubjectName></ds:X509Data>")


def _listed(count: int) -> str:
    uris = "".join(f'<xenc:DataReference URI="#d{number}"/>' for number in range(count))
    return f"<xenc:ReferenceList>{uris}</xenc:ReferenceList>"


def _users(total: int) -> str:
    """Four tokens with all iterations that they may have together, each named by ciphertext in a list."""
    rounds = _USER.replace("{rounds}", "2500")
    users = _times(4, rounds)(total)
    data = "".join(
        _DATA.replace("{key}", f"u{number % 4}").replace("%d", str(number)) for number in range(4)
    )
    return f"{users}{_listed(4)}<x>{data}</x>"


def _derived(total: int) -> str:
    """One key that anybody has sealed for us, as many derived ones as are allowed, each used four times."""
    tokens = _KEY.replace("%d", "0") + _times(8, _DERIVED)(total)
    data = "".join(
        _DATA.replace("{key}", f"dk{number % 8}").replace("%d", str(number)) for number in range(32)
    )
    return f"{tokens}{_listed(32)}<x>{data}</x>"


DOCUMENT = (
    Flood("elements", _repeated("<a/>"), "body"),
    Flood("elements without end", _around("", _repeated("<a>"), "") , "body"),
    Flood("100 levels of elements", lambda n: ("<a>" * 95 + "</a>" * 95) * (n // 665), "body"),
    Flood("attributes of one element", _around("<a ", _repeated('a%d="" '), "/>"), "body"),
    Flood("256 attributes each", lambda n: _around(
        "", lambda _: ("<a " + "".join(f'a{i}="" ' for i in range(256)) + "/>") * (n // 2200), "")(n), "body"),
    Flood("xmlns of one element", _wide, "body"),
    Flood("xmlns nested", _nested(90), "body"),
    Flood("256 xmlns around elements", _declared(250, "<n0:b/>"), "body"),
    Flood("xmlns on each element", _repeated('<a xmlns="urn:a"/>'), "body"),
    Flood("wsu:Ids", _repeated('<a wsu:Id="i%d"/>'), "body"),
    Flood("Ids", _repeated('<a Id="i%d" id="i%d"/>'), "body"),
    Flood("one Id in all names", _repeated('<a id="t" ID="t" Id="t"/>'), "body"),
    Flood("comments", _repeated("<!---->"), "body"),
    Flood("sections of CDATA", _repeated("<![CDATA[]]>"), "body"),
    Flood("processing instructions", _repeated("<?a?>"), "body"),
    Flood("character references", _repeated("&#65;"), "body"),
    Flood("names of one element", lambda n: f"<{'a' * min(n, 49_000)}/>", "body"),
)  # fmt: skip
SECURITY = (
    Flood("children", _repeated("<wsse:x/>")),
    Flood("BinarySecurityTokens", _repeated("<wsse:BinarySecurityToken/>")),
    Flood("SignatureConfirmations", _repeated("<wsse11:SignatureConfirmation/>")),
    Flood("Signatures", _repeated("<ds:Signature/>")),
    Flood("References", _repeated(_REFERENCE), r"<ds:Reference .*</ds:Reference>"),
    Flood("30 References", _times(30, _REFERENCE), r"<ds:Reference .*</ds:Reference>"),
    Flood("Transforms", _repeated(f'<ds:Transform Algorithm="{EXC_C14N}"/>'), _TRANSFORM),
    Flood("prefixes of a PrefixList", _around(
        f'<ds:Transform Algorithm="{EXC_C14N}"><ec:InclusiveNamespaces PrefixList="',
        _repeated("p%d "), '"/></ds:Transform>'), _TRANSFORM),
    Flood("base64 of a SignatureValue", _repeated("AAAA"), _SIGNATURE_VALUE),
    Flood("base64 with white space", _repeated("A\n"), _SIGNATURE_VALUE),
    Flood("base64 of a DigestValue", _repeated("AAA\n"), _DIGEST_VALUE),
    Flood("padding of base64", _repeated("===="), _SIGNATURE_VALUE),
    Flood("EncryptedKeys", _repeated(_KEY)),
    Flood("4 EncryptedKeys", _times(4, _KEY)),
    Flood("DerivedKeyTokens", _around(_KEY.replace("%d", "0"), _repeated(_DERIVED), "")),
    Flood("8 DerivedKeyTokens for 32 EncryptedData", _derived),
    Flood("UsernameTokens with 100,000 rounds", _repeated(_USER.replace("{rounds}", "100000"))),
    Flood("4 UsernameTokens with 10,000 rounds", _users),
    Flood("DataReferences", _around(
        "<xenc:ReferenceList>", _repeated('<xenc:DataReference URI="#d%d"/>'), "</xenc:ReferenceList>")),
    Flood("EncryptedData", _repeated(_DATA.replace("{key}", "k0"))),
    Flood("KeyName", _around("<ds:KeyName>", _repeated("a"), "</ds:KeyName>"), _SIGNER),
    Flood("names of a subject", _around(_SUBJECT[0], _repeated("CN=a%d,"), "CN=a" + _SUBJECT[1]), _SIGNER),
    Flood("values of an issuer", _around(_ISSUER[0], _repeated("CN=a+"), "CN=a" + _ISSUER[1]), _SIGNER),
    Flood("escapes of a subject", _around(_SUBJECT[0] + "CN=", _repeated("\\,"), _SUBJECT[1]), _SIGNER),
    Flood("quotes of a subject", _around(_SUBJECT[0], _repeated('CN="'), _SUBJECT[1]), _SIGNER),
    Flood("digits of a serial number", _around(
        _ISSUER[0] + "CN=a</ds:X509IssuerName><ds:X509SerialNumber>", _repeated("1"),
        _ISSUER[1].split("Number>1", 1)[1]), _SIGNER),
    Flood("Created", _around("<wsu:Timestamp><wsu:Created>", _repeated("2"),
                             "</wsu:Created></wsu:Timestamp>")),
    Flood("Username", _around("<wsse:UsernameToken><wsse:Username>", _repeated("a"),
                              "</wsse:Username></wsse:UsernameToken>")),
    Flood("Password", _around(
        f'<wsse:UsernameToken><wsse:Username>a</wsse:Username><wsse:Password Type="{USERNAME_PROFILE}'
        'PasswordText">', _repeated("a"), "</wsse:Password></wsse:UsernameToken>")),
)  # fmt: skip


class Hostile:
    """Measures every flood against a good message of its size."""

    def __init__(self, material: Material, effort: Effort, *, quick: bool) -> None:
        self._material = material
        self._effort = Effort(seconds=effort.seconds / 30, least_rounds=3, warm_ups=1)
        self._sizes = QUICK_SIZES if quick else SIZES
        self._template = material.signed_answer("2 KB").decode()
        # Whoever can encrypt to us may have written it: no key of the partner is needed to come far.
        anybody = Anonymous(reason="to come as far as anybody can")
        # The same message is checked again and again.
        demands = Inbound(signed_by=("partner", anybody), replays="accept")
        self._profile = material.client_profile(inbound=demands)

    def rows(self) -> Rows:
        """Check each flood at each size; all of them must be refused, or cost no more for it."""
        for flood in (*DOCUMENT, *SECURITY, *self._certificates):
            for size, total in self._sizes.items():
                yield self._row(flood.name, size, self._message(flood, total))
        for size, total in self._sizes.items():
            yield self._row("30 References inside one another", size, self._nested(total))

    @cached_property
    def _certificates(self) -> tuple[Flood, ...]:
        """Floods with real certificates: each is parsed before anything is trusted."""
        der = self._material.partner.certificate.der
        value = base64.b64encode(der).decode()
        path = base64.b64encode(_sequence(der * 8)).decode()
        token = _TOKEN.replace("{kind}", "X509v3").replace("{value}", value)
        paths = _TOKEN.replace("{kind}", "X509PKIPathv1").replace("{value}", path)
        held = f"<ds:X509Certificate>{value}</ds:X509Certificate>"
        return (
            Flood("certificates", _repeated(token)),
            Flood("16 certificates", _times(15, token)),
            Flood("15 PKIPaths of 8 certificates", _times(15, paths)),
            Flood("PKIPath", _around(
                _TOKEN.split("{kind}")[0] + 'X509PKIPathv1" wsu:Id="p">',
                lambda n: base64.b64encode(_sequence(der * (n // len(der)))).decode(),
                "</wsse:BinarySecurityToken>")),
            Flood("certificates of an X509Data",
                  _around("<ds:X509Data>", _repeated(held), "</ds:X509Data>"), _SIGNER),
            Flood("zeros of a certificate", _around(
                _TOKEN.split("{kind}")[0] + 'X509v3" wsu:Id="p">', _repeated("AAAA"),
                "</wsse:BinarySecurityToken>")),
        )  # fmt: skip

    def _row(self, name: str, size: str, message: bytes) -> Row:
        good = self._good(len(message))
        taken = take_turns(
            [
                Contestant(name="ours", run=lambda _: self._check(message)),
                Contestant(name="good", run=lambda _: self._check(good)),
            ],
            self._effort,
        )
        return Row(
            case=f"hostile {size}: {name}",
            ours=taken.median("ours"),
            against="a good message of its size",
            other=taken.median("good"),
            ratio=taken.ratio("ours", "good"),
            bound="≤",
            bar=_AT_MOST,
        )

    def _message(self, flood: Flood, total: int) -> bytes:
        text = flood.text(total)
        rest = "".join(order_rows(total - len(text)))
        message = self._template.replace("<o:Order ", f"{rest}<o:Order ", 1)
        message = message.replace("<wsse:Security ", f"<wsse:Security{_NAMESPACES} ", 1)
        place = _PLACES.get(flood.place, flood.place)
        changed = re.sub(place, lambda _: text, message, count=1, flags=re.DOTALL)
        if changed == message:
            raise ValueError(f"{flood.name} has no place")
        return changed.encode()

    def _nested(self, total: int) -> bytes:
        """Sign every element around the rows with a key that was encrypted for us: anybody can."""
        names = [f"n{number}" for number in range(28)]
        inner = "".join(order_rows(total))
        nested = "".join(f"<{name}>" for name in names) + inner
        nested += "".join(f"</{name}>" for name in reversed(names))
        head, _, rest = plain_message("2 KB").decode().partition("<o:Order ")
        parts = ("body", "timestamp", *(f"xpath://{name}" for name in names))
        steps = (
            Timestamp(),
            SessionKey(recipients=("client",)),
            Signature(key="session", parts=parts),
        )
        root = parse(f"{head}{nested}<o:Order {rest}".encode())
        return self._material.partner_profile(steps).secure(root, now=NOW).to_bytes()

    def _good(self, total: int) -> bytes:
        head, _, tail = plain_message("2 KB").decode().partition("<o:Order ")
        filled = head + "".join(order_rows(max(0, total - 6000))) + "<o:Order " + tail
        return self._material.partner_profile().secure(parse(filled.encode()), now=NOW).to_bytes()

    def _check(self, message: bytes) -> None:
        with suppress(WSSecError):
            self._profile.check(message, now=NOW)


def _sequence(content: bytes) -> bytes:
    """Give a DER ``SEQUENCE``."""
    return b"\x30\x84" + len(content).to_bytes(4, "big") + content
