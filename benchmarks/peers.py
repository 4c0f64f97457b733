"""The peers that can be had from Python: ``zeep.wsse`` and libxmlsec through python-xmlsec."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lxml import etree

from benchmarks.floors import require
from benchmarks.material import BODY, DS, NOW, SOAP, WSSE, WSU, Material, parse, plain_message

# Neither has types that say what it holds.
xmlsec: Any = import_module("xmlsec")
zeep_wsse: Any = import_module("zeep.wsse.signature")
_HEADER = f"{{{SOAP}}}Header"


class ZeepWsse:
    """``zeep.wsse`` with SHA-256 in place of its default, SHA-1."""

    def __init__(self, material: Material) -> None:
        methods = {
            "signature_method": xmlsec.Transform.RSA_SHA256,
            "digest_method": xmlsec.Transform.SHA256,
        }
        folder = material.folder
        self._signer = zeep_wsse.BinarySignature(
            str(folder / "key.pem"), str(folder / "certificate.pem"), **methods
        )
        partner = material.partner
        self._partner = zeep_wsse.MemorySignature(
            partner.key_pem(), partner.certificate_pem, **methods
        )

    def sign(self, root: etree._Element) -> Any:
        """Sign Body and Timestamp, which must be there."""
        return self._signer.apply(root, {})

    def verify(self, root: etree._Element) -> Any:
        """Verify under the partner's certificate; nothing else is checked."""
        return self._partner.verify(root)


class Libxmlsec:
    """libxmlsec with its keys loaded once: less work than ``zeep.wsse``, which loads them each time."""

    def __init__(self, material: Material) -> None:
        pem = xmlsec.KeyFormat.PEM
        self._key = xmlsec.Key.from_memory(material.client.key_pem(), pem, None)
        certificate_pem = xmlsec.KeyFormat.CERT_PEM
        self._partner = xmlsec.Key.from_memory(
            material.partner.certificate_pem, certificate_pem, None
        )

    def sign(self, root: etree._Element) -> None:
        """Sign Body and Timestamp by a template."""
        method = xmlsec.Transform.RSA_SHA256
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, method)
        context = xmlsec.SignatureContext()
        context.key = self._key
        security = require(root, f"{_HEADER}/{{{WSSE}}}Security")
        for node, name in ((require(root, BODY), "body"), (security[0], "timestamp")):
            node.set(f"{{{WSU}}}Id", name)
            context.register_id(node, "Id", WSU)
            reference = xmlsec.template.add_reference(
                signature, xmlsec.Transform.SHA256, uri=f"#{name}"
            )
            xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        security.insert(0, signature)
        context.sign(signature)

    def verify(self, root: etree._Element) -> None:
        """Verify under the partner's key; the caller says which elements bear Ids."""
        context = xmlsec.SignatureContext()
        context.key = self._partner
        signature = require(root, f"{_HEADER}/{{{WSSE}}}Security/{{{DS}}}Signature")
        for node in root.iterfind(f"{_HEADER}/{{{WSSE}}}Security/*[@{{{WSU}}}Id]"):
            context.register_id(node, "Id", WSU)
        context.register_id(require(root, BODY), "Id", WSU)
        context.verify(signature)

    def encrypt(self, root: etree._Element) -> Any:
        """Encrypt the Body's content for the partner with AES-256-GCM under RSA-OAEP."""
        manager = xmlsec.KeysManager()
        manager.add_key(self._partner)
        content = require(root, BODY)[0]
        template = xmlsec.template.encrypted_data_create(
            root, xmlsec.Transform.AES256_GCM, type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
        )
        xmlsec.template.encrypted_data_ensure_cipher_value(template)
        key_info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
        encrypted_key = xmlsec.template.add_encrypted_key(key_info, xmlsec.Transform.RSA_OAEP)
        xmlsec.template.encrypted_data_ensure_cipher_value(encrypted_key)
        context = xmlsec.EncryptionContext(manager)
        context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION)
        return context.encrypt_xml(template, content)


def with_timestamp(size: str) -> etree._Element:
    """Give a message that has a Timestamp already, since the peers write none."""
    root = parse(plain_message(size))
    require(root, _HEADER).append(
        etree.fromstring(
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsu:Timestamp>'
            f"<wsu:Created>{NOW:%Y-%m-%dT%H:%M:%SZ}</wsu:Created></wsu:Timestamp></wsse:Security>"
        )
    )
    return root
