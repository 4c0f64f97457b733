"""Has CXF answer over HTTP, and node-soap, xmlsec1 and libxmlsec sign and encrypt our envelopes."""

from __future__ import annotations

import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xmlsec
from interop.conftest import PASSWORD, _write_trust
from interop.cxf.peer import CxfPeer, SoapFlavour
from interop.matrix_run import Keys
from interop.node.peer import NodePeer
from interop.test_node import PREPARED, SENT
from lxml import etree
from vectors.corpus import keystore
from vectors.recorded import Recorded

from zeep_wssec import Encryption, Inbound, Profile, Signature, Timestamp
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import DS, SOAP11, SOAP12, WSA, WSSE, WSU, XENC, XENC11

SERVER, CLIENT = "server-rsa", "client-rsa"
SIGNED = Inbound(signed_by=SERVER)
SEALED = Inbound(signed_by=SERVER, encrypted=("body",))
SECRET = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
ORDERS = "urn:example:orders"
ORDER = (
    f'<o:PlaceOrder xmlns:o="{ORDERS}"><o:sku>ABC-42</o:sku><o:quantity>3</o:quantity>'
    "<o:nonce>n-1</o:nonce></o:PlaceOrder>"
)
FAIL = f'<o:Fail xmlns:o="{ORDERS}"><o:reason>sold out</o:reason></o:Fail>'
ADDRESSES = (
    f'<soap:Header xmlns:wsa="{WSA}"><wsa:To>urn:to</wsa:To><wsa:Action>{ORDERS}/PlaceOrder</wsa:Action>'
    "<wsa:MessageID>urn:uuid:7f3c2d1e-0000-4000-8000-000000000001</wsa:MessageID></soap:Header>"
)
_SIGN = (Timestamp(), Signature(key=CLIENT))
_SEAL = (Encryption(recipients=(SERVER,)),)
SERVICES: Mapping[str, tuple[Sequence[Step], Inbound]] = {
    "signature": (_SIGN, SIGNED),
    "encryption": (_SEAL, SECRET),
    "all": ((*_SIGN, *_SEAL), SEALED),
    "addressing": ((*_SIGN, *_SEAL), SEALED),
    "secured-fault": ((*_SIGN, *_SEAL), SEALED),
}
"""Services of the CXF peer: what it wants of a request, and what its answer proves."""
FLAVOURS: Mapping[SoapFlavour, str] = {"soap11": SOAP11, "soap12": SOAP12}


def envelope(content: str = ORDER, *, soap: str = SOAP11, header: str = "") -> bytes:
    """Give a plain message."""
    return (
        f'<soap:Envelope xmlns:soap="{soap}">{header}<soap:Body>{content}</soap:Body></soap:Envelope>'
    ).encode()


def record_cxf(keys: Keys) -> Iterator[Recorded]:
    """CXF answers each request over HTTP."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "server.p12").write_bytes(keys.issued[SERVER].pkcs12(PASSWORD, name="server"))
        _write_trust(folder / "client-trust.p12", client=keys.issued[CLIENT], ca=keys.ca)
        with CxfPeer(folder, PASSWORD) as peer:
            for flavour in FLAVOURS:
                for service in SERVICES:
                    yield _answer(peer, flavour, service)


def _answer(peer: CxfPeer, flavour: SoapFlavour, service: str) -> Recorded:
    steps, proves = SERVICES[service]
    plain = envelope(
        FAIL if "fault" in service else ORDER,
        soap=FLAVOURS[flavour],
        header=ADDRESSES if service == "addressing" else "",
    )
    profile = Profile(keystore=keystore("client"), outbound=steps, inbound=proves)
    request = profile.secure(plain).to_bytes()
    kind = "text/xml" if flavour == "soap11" else "application/soap+xml"
    http = urllib.request.Request(  # noqa: S310  # the peer's own address
        peer.url(flavour, service), request, {"Content-Type": kind, "SOAPAction": '""'}
    )
    try:
        answer = urllib.request.urlopen(http)  # noqa: S310
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        content: bytes = answer.read()
    return Recorded(
        name=f"{service}-{flavour}",
        message=content,
        origin="Apache CXF 4.0.10 with Apache WSS4J 3.0.5",
        why=f"the peer's answer over HTTP: {service}",
        inbound=proves,
        request=request,
    )


def record_node(keys: Keys) -> Iterator[Recorded]:
    """node-soap signs for the server."""
    issued = keys.issued[SERVER]
    to = f'<soap:Header><wsa:To xmlns:wsa="{WSA}">urn:to</wsa:To></soap:Header>'
    with NodePeer(datetime.now(UTC)) as node:
        for name, (options, _, _, more) in SENT.items():
            if "sha1" in name:
                continue
            for version, soap in (("soap11", SOAP11), ("soap12", SOAP12)):
                answer = node.ask(
                    "sign",
                    **{"with": "WSSecurityCert"},
                    xml=envelope(soap=soap, header=to).decode(),
                    key=issued.key_pem().decode(),
                    certificate=issued.certificate_pem.decode(),
                    soapPrefix="soap",
                    options={**PREPARED, **options},
                )
                signed = ("body", "timestamp", *(["header:wsa:To"] if more else []))
                yield Recorded(
                    name=f"{name.replace(' ', '-')}-{version}",
                    message=str(answer["xml"]).encode(),
                    origin="node-soap 1.13.0 with xml-crypto 6.3.2",
                    why=f"WSSecurityCert: {name}",
                    inbound=Inbound(signed_by=SERVER, signed=signed),
                )


def _blank(*steps: Step, soap: str = SOAP11) -> bytes:
    """Give a message of the server's without digests and signature value: a template."""
    profile = Profile(keystore=keystore("server"), outbound=steps)
    message = profile.secure(envelope(soap=soap)).to_bytes()
    return re.sub(rb"(<ds:(Digest|Signature)Value>)[^<]+", rb"\1", message)


def record_xmlsec1(keys: Keys) -> Iterator[Recorded]:
    """xmlsec1 fills in the signature of a template."""
    said = subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True, check=True)
    for name, soap, settings in (
        ("rsa-soap11", SOAP11, {"key": SERVER}),
        ("rsa-soap12", SOAP12, {"key": SERVER, "key_reference": "thumbprint"}),
        ("ecdsa-soap11", SOAP11, {"key": "server-p256"}),
        ("inclusive-soap12", SOAP12, {"key": SERVER, "part_canonicalization": "c14n"}),
        ("sha512-soap11", SOAP11, {"key": SERVER, "algorithm": "rsa-sha512", "digest": "sha512"}),
    ):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / item for item in ("key.pem", "template.xml", "signed.xml")]
            key, template, signed = paths
            alias = str(settings["key"])
            key.write_bytes(keys.issued[alias].key_pem())
            options: dict[str, Any] = dict(settings)
            template.write_bytes(_blank(Timestamp(), Signature(**options), soap=soap))
            ids = [
                word
                for node in (f"{WSU}:Timestamp", f"{soap}:Body")
                for word in ("--id-attr:Id", node)
            ]
            command = [
                "xmlsec1",
                "--sign",
                *ids,
                "--privkey-pem",
                key,
                "--output",
                signed,
                template,
            ]
            subprocess.run(command, check=True, capture_output=True)
            yield Recorded(
                name=name,
                message=signed.read_bytes(),
                origin=said.stdout.strip(),
                why="the program filled in digests and value",
                inbound=Inbound(signed_by=alias),
            )


def record_libxmlsec(keys: Keys) -> Iterator[Recorded]:
    """libxmlsec signs, then encrypts the Body."""
    for kind in ("Content", "Element"):
        root = etree.fromstring(_blank(Timestamp(), Signature(key=SERVER)))
        signing = xmlsec.SignatureContext()
        pem = keys.issued[SERVER].key_pem()
        signing.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
        for node in root.iter("{*}*"):
            if node.get(f"{{{WSU}}}Id") is not None:
                signing.register_id(node, "Id", WSU)
        (signature,) = root.iter(f"{{{DS}}}Signature")
        signing.sign(signature)
        _encrypt(root, keys, kind)
        yield Recorded(
            name=f"signed-encrypted-{kind.lower()}",
            message=etree.tostring(root),
            origin="python-xmlsec 1.3.17 with libxmlsec 1.3.9",
            why="a signed Body, then encrypted",
            inbound=SEALED,
        )


def _encrypt(root: etree._Element, keys: Keys, kind: str) -> None:
    """Let libxmlsec encrypt the Body's content or child, and put its EncryptedKey into the header."""
    body, security = root[-1], next(root.iter(f"{{{WSSE}}}Security"))
    certificate = keys.issued[CLIENT].certificate
    template = etree.fromstring(
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" xmlns:ds="{DS}" Id="ED-1" Type="{XENC}{kind}">'
        f'<xenc:EncryptionMethod Algorithm="{XENC11}aes256-gcm"/><ds:KeyInfo><xenc:EncryptedKey Id="EK-1">'
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/>'
        "<ds:KeyInfo><ds:KeyName>client</ds:KeyName></ds:KeyInfo>"
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    )
    manager = xmlsec.KeysManager()
    public = xmlsec.Key.from_memory(certificate.pem, xmlsec.KeyFormat.CERT_PEM)
    public.name = "client"
    manager.add_key(public)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION)
    context.encrypt_xml(template, body if kind == "Content" else body[0])
    (sealed,) = root.iter(f"{{{XENC}}}EncryptedData")
    info = sealed.find(f"{{{DS}}}KeyInfo")
    assert info is not None
    key = info[0]
    security.insert(0, key)
    names = f'xmlns:wsse="{WSSE}" xmlns:ds="{DS}" xmlns:xenc="{XENC}"'
    info.append(
        etree.fromstring(
            f'<wsse:SecurityTokenReference {names}><wsse:Reference URI="#EK-1"/></wsse:SecurityTokenReference>'
        )
    )
    named = key.find(f"{{{DS}}}KeyInfo")
    assert named is not None
    named[:] = [
        etree.fromstring(
            f"<ds:X509Data {names}><ds:X509Certificate>{certificate.base64}</ds:X509Certificate></ds:X509Data>"
        )
    ]
    key.append(
        etree.fromstring(
            f'<xenc:ReferenceList {names}><xenc:DataReference URI="#ED-1"/></xenc:ReferenceList>'
        )
    )
