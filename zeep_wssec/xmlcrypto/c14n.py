"""Canonical forms of one element in its document."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.expressions import Expression
from zeep_wssec.xmlcrypto.algorithms import EXCLUSIVE, Canonicalization, Digest

_XSI = b"http://www.w3.org/2001/XMLSchema-instance"
_XSI_TYPES = Expression(
    ".//@xsi:type", namespaces={"xsi": "http://www.w3.org/2001/XMLSchema-instance"}
)
_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")
_XML = "{http://www.w3.org/XML/1998/namespace}"
_LARGE = Expression("boolean(descendant::*[1000000])")
"""Elements, in about 30 MB, from which on a form is digested as it is made. Made whole it takes twice its own
size; digested so it holds other threads back, so smaller ones are not."""
_MAX_NAMESPACES = 64
_MAX_NAMESPACES_AROUND = 256
"""In scope of the apex. libxml2's cost grows with their square, whatever the form."""


@dataclass(frozen=True)
class CanonicalForm:
    """An algorithm and, where it takes one, its PrefixList."""

    method: Canonicalization = EXCLUSIVE
    prefixes: tuple[str, ...] = ()
    """InclusiveNamespaces PrefixList; ``#default`` stands for the default namespace."""

    def without_comments(self) -> CanonicalForm:
        """Give the form of what a same-document reference names: comments are never part of that.

        Spec: XML Signature 1.1, section 4.4.3.3, Same-Document URI-References.
        """
        if not self.method.comments:
            return self
        return CanonicalForm(replace(self.method, comments=False), self.prefixes)


PLAIN = CanonicalForm()
"""Exclusive, without comments and without a PrefixList."""


def canonicalize(element: etree._Element, form: CanonicalForm = PLAIN) -> bytes:
    """Give the canonical form of ``element`` where it stands.

    Args:
        element: Apex of the subtree; its tail is not part of it.
        form: Which form.

    Raises:
        MalformedSecurityError: There is no such form: a namespace URI is relative, too many namespaces
            are in scope, or for an inclusive form, ``xml:base`` is inherited (1.1).

    Spec: Exclusive XML Canonicalization 1.0; Canonical XML 1.0 and 1.1, Document Subsets.
    """
    return _canonicalize(element, element, form)


def canonicalize_without(
    root: etree._Element, signature: etree._Element | None, form: CanonicalForm = PLAIN
) -> bytes:
    """Give the canonical form of a whole document as if ``signature`` were not in it.

    It is made from a copy: taking an element out and putting it back would drop declarations of the
    namespaces that are also declared around it, and would break the signature itself. The text that
    follows the element stays, processing instructions around the root are part of the document, and
    comments are not, whatever the form.

    Args:
        root: The document's root; left unchanged, with every node in it.
        signature: Below ``root``; ``None`` leaves nothing out.
        form: Which form.

    Raises:
        MalformedSecurityError: ``signature`` is not below ``root``, ``root`` is inside something else, or
            there is no such form.

    Spec: XML Signature 1.1, section 4.4.3.3, Same-Document URI-References, and section 6.6.4, Enveloped
    Signature Transform.
    """
    if root.getparent() is not None:
        raise MalformedSecurityError("An enveloped signature must cover the root of its document.")
    copied = _copied_without(root, signature)
    return _canonicalize(copied, copied.getroot(), form.without_comments())


def canonicalize_element_without(
    element: etree._Element, signature: etree._Element, form: CanonicalForm = PLAIN
) -> bytes:
    """Give the canonical form of an element in its document as if ``signature`` inside it were not there.

    Args:
        element: Named by its Id; the root of the document or below it.
        signature: Below ``element``.
        form: Which form.

    Raises:
        MalformedSecurityError: ``signature`` is not below ``element``, or there is no such form.

    Spec: XML Signature 1.1, section 6.6.4, Enveloped Signature Transform.
    """
    _path(signature, element)
    root = element.getroottree().getroot()
    place = [] if element is root else _path(element, root)
    found = _copied_without(root, signature).getroot()
    for index in place:
        found = found[index]
    return _canonicalize(found, found, form.without_comments())


def _copied_without(
    root: etree._Element, signature: etree._Element | None
) -> etree._ElementTree[etree._Element]:
    path = [] if signature is None else _path(signature, root)
    copied = copy.deepcopy(etree.ElementTree(root))
    if path:
        parent = copied.getroot()
        for index in path[:-1]:
            parent = parent[index]
        _take_out(parent, path[-1])
    return copied


def digest_canonical(element: etree._Element, form: CanonicalForm, digest: Digest) -> bytes:
    """Digest the canonical form of ``element`` where it stands.

    Raises:
        MalformedSecurityError: As for ``canonicalize``.
    """
    return _digested(element, form, digest)[0]


def digest_with_type_prefixes(
    element: etree._Element, digest: Digest
) -> tuple[bytes, tuple[str, ...]]:
    """Digest the exclusive form, with the PrefixList that protects QNames in ``xsi:type`` values.

    Exclusive canonicalization keeps only namespaces that names use; the prefix inside
    ``xsi:type="p:Kind"`` is text to it, and could be bound anew without breaking the signature.
    """
    value, typed = _digested(element, PLAIN, digest)
    usable = type_prefixes(element) if typed else ()
    if not usable:
        return value, ()
    return digest_canonical(element, CanonicalForm(prefixes=usable), digest), usable


def _digested(element: etree._Element, form: CanonicalForm, digest: Digest) -> tuple[bytes, bool]:
    """Give the digest of a form, and whether it may hold ``xsi:type``."""
    # A root would be written with what stands around it.
    whole = not form.method.exclusive or element.getparent() is None
    if whole or not len(element) or not _LARGE(element):
        octets = canonicalize(element, form)
        return digest.of(octets), _XSI in octets
    digesting = _Digesting(digest)
    _check_namespaces_around(element)
    if form.prefixes:
        _make_known(form.prefixes)
    try:
        etree.ElementTree(element).write_c14n(
            digesting,
            exclusive=True,
            with_comments=form.method.comments,
            inclusive_ns_prefixes=list(form.prefixes) or None,
        )
    except etree.C14NError:
        raise _no_form() from None
    return digesting.value, digesting.typed


class _Digesting:
    """A file that keeps nothing of what is written to it but its digest."""

    def __init__(self, digest: Digest) -> None:
        self._digesting = digest.start()
        self._end = b""
        self.typed = False

    def write(self, octets: bytes) -> int:
        """Take the next octets; what is looked for may begin in those before."""
        self._digesting.update(octets)
        joined = self._end + octets
        self.typed = self.typed or _XSI in joined
        self._end = joined[1 - len(_XSI) :]
        return len(octets)

    @property
    def value(self) -> bytes:
        """The digest."""
        return self._digesting.digest()


def type_prefixes(element: etree._Element) -> tuple[str, ...]:
    """Give the PrefixList that protects QNames in the ``xsi:type`` values of ``element`` and below."""
    found = _XSI_TYPES(element)
    values = {str(value) for value in found} if isinstance(found, list) else set()
    prefixes = sorted(
        {value.split(":")[0].strip() if ":" in value else "#default" for value in values}
    )
    return tuple(item for item in prefixes if is_listable_prefix(item))


def is_listable_prefix(text: str) -> bool:
    """Whether ``text`` may stand in a PrefixList; ``xml`` and ``xmlns`` are always in scope and never do."""
    return text == "#default" or (
        _PREFIX.fullmatch(text) is not None and not text.lower().startswith("xml")
    )


def _canonicalize(
    whole: etree._Element | etree._ElementTree[etree._Element],
    apex: etree._Element,
    form: CanonicalForm,
) -> bytes:
    """Give the form of ``whole``: ``apex`` itself, or the document around it."""
    _check_namespaces_around(apex)
    if form.prefixes and form.method.exclusive:
        _make_known(form.prefixes)
    try:
        if form.method.exclusive:
            return etree.tostring(
                whole,
                method="c14n",
                exclusive=True,
                with_comments=form.method.comments,
                inclusive_ns_prefixes=list(form.prefixes) or None,
            )
        with _inherited_attributes(apex, form.method):
            return etree.tostring(
                whole, method="c14n", exclusive=False, with_comments=form.method.comments
            )
    except etree.C14NError:
        raise _no_form() from None


def _check_namespaces_around(apex: etree._Element) -> None:
    if len(apex.nsmap) > _MAX_NAMESPACES_AROUND:
        raise MalformedSecurityError(
            f"More than {_MAX_NAMESPACES_AROUND} namespaces are in scope of an element to canonicalize."
        )


def _no_form() -> MalformedSecurityError:
    return MalformedSecurityError(
        "An element has no canonical form: a namespace URI in it is relative.",
        hint="What is signed needs absolute ones, such as urn:example:orders: see the schema's targetNamespace.",
    )


def _path(element: etree._Element, root: etree._Element) -> list[int]:
    """Give the place of ``element`` among the children at every level below ``root``."""
    path: list[int] = []
    while element is not root:
        parent = element.getparent()
        if parent is None:
            break
        path.append(parent.index(element))
        element = parent
    if element is not root or not path:
        raise MalformedSecurityError("An enveloped signature must be inside what it covers.")
    return path[::-1]


def _take_out(parent: etree._Element, index: int) -> None:
    """Take a child out of ``parent``; the text that follows it stays."""
    element = parent[index]
    tail, element.tail = element.tail, None
    if index:
        parent[index - 1].tail = (parent[index - 1].tail or "") + (tail or "")
    else:
        parent.text = (parent.text or "") + (tail or "")
    parent.remove(element)


@contextmanager
def _inherited_attributes(element: etree._Element, method: Canonicalization) -> Iterator[None]:
    """Write inherited ``xml:`` attributes onto the apex while its inclusive form is made.

    Version 1.0 inherits all of them, 1.1 language and space; its rule for ``xml:base`` is not supported.
    """
    if _declares_too_much(element):
        raise MalformedSecurityError(
            f"More than {_MAX_NAMESPACES} namespaces are in scope of an element with an inclusive form."
        )
    inherited: dict[str, str] = {}
    for outer in element.iterancestors():
        for name, value in outer.attrib.items():
            if str(name).startswith(_XML):
                inherited.setdefault(str(name), str(value))
    if method.version == "1.1":
        if f"{_XML}base" in inherited:
            raise MalformedSecurityError("Canonical XML 1.1 under xml:base is not supported.")
        inherited.pop(f"{_XML}id", None)
    added = {name: value for name, value in inherited.items() if element.get(name) is None}
    for name, value in added.items():
        element.set(name, value)
    try:
        yield
    finally:
        for name in added:
            del element.attrib[name]


def _declares_too_much(element: etree._Element) -> bool:
    """Whether more than 64 namespaces are in scope of any element; in one pass, unlike XPath's axis."""
    parent = element.getparent()
    in_scope = 0 if parent is None else len(parent.nsmap)
    for event, _ in etree.iterwalk(element, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > _MAX_NAMESPACES:
            return True
    return False


def _make_known(prefixes: tuple[str, ...]) -> None:
    """Let libxml2 meet each prefix: one that its name dictionary lacks would be passed over in silence."""
    for prefix in prefixes:
        etree.fromstring(_meeting(prefix))


@lru_cache(maxsize=256)
def _meeting(prefix: str) -> bytes:
    if prefix == "#default":
        return b'<a xmlns:p="#default"/>'
    return f'<a xmlns:{prefix}="urn:p"/>'.encode()
