"""XPath Filter 2.0, as far as it is stated: what of a document a reference covers.

No expression of a peer is ever evaluated: those in the document must be those of the settings, which are
what is evaluated.
"""

from __future__ import annotations

import copy
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from zeep_wssec.errors import PayloadMalformedError
from zeep_wssec.payload.xmldsig.settings import XmlDsigSettings
from zeep_wssec.xmlcrypto.c14n import CanonicalForm, canonicalize, canonicalize_without
from zeep_wssec.xmlcrypto.signature_model import XPATH_FILTER, ReferenceModel


def filters_xml(settings: XmlDsigSettings) -> str:
    """Write the transform with all filters of the settings; an empty text without any."""
    if not settings.filters:
        return ""
    declared = "".join(
        f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in settings.namespaces.items()
    )
    inner = "".join(
        f'<f2:XPath xmlns:f2="{XPATH_FILTER}"{declared} Filter="{operation}">{escape(expression)}</f2:XPath>'
        for operation, expression in settings.filters
    )
    return f'<ds:Transform Algorithm="{XPATH_FILTER}">{inner}</ds:Transform>'


def check_filters(reference: ReferenceModel, settings: XmlDsigSettings) -> None:
    """Refuse filters that are not exactly those of the settings, prefixes included.

    Raises:
        PayloadMalformedError: Another expression, another order, or none.
    """
    found = tuple((item.operation, item.expression) for item in reference.filters)
    if found != settings.filters:
        raise PayloadMalformedError(
            "The XPath filters of the Signature are not those that are stated.",
            hint="State xpath_filters as the sender writes them, if what they leave out need not be signed.",
        )
    for item in reference.filters:
        bound = dict(item.namespaces)
        for prefix, uri in settings.namespaces.items():
            if f"{prefix}:" in item.expression and bound.get(prefix) != uri:
                raise PayloadMalformedError(
                    f"The prefix {prefix!r} of an XPath filter means another namespace than is stated."
                )


def filtered_octets(
    root: etree._Element,
    signature: etree._Element | None,
    form: CanonicalForm,
    settings: XmlDsigSettings,
) -> bytes:
    """Give the canonical form of what the filters leave of a document.

    Args:
        root: The document's root; left unchanged.
        signature: Left out as well, by the enveloped-signature transform; ``None``: it is not there yet.
        form: Which form.
        settings: With the filters.

    Raises:
        PayloadMalformedError: Nothing is left, or an expression finds something else than elements.

    Spec: XML-Signature XPath Filter 2.0, section 3.3.
    """
    copied = copy.deepcopy(root.getroottree()).getroot()
    apex: etree._Element = copied
    leave_out: list[etree._Element] = []
    if signature is not None:
        leave_out.append(_counterpart(signature, root, copied))
    for index, (operation, expression) in enumerate(settings.filters):
        found = settings.evaluate(copied, expression, path=f"xpath_filters[{index}]")
        if not isinstance(found, list) or not all(isinstance(i, etree._Element) for i in found):
            raise PayloadMalformedError("An XPath filter finds something else than elements.")
        if operation == "subtract":
            leave_out += found
        elif len(found) == 1:
            apex = found[0]
        else:
            raise PayloadMalformedError(f"An XPath filter finds {len(found)} elements, not one.")
    if not {apex, *apex.iterancestors()}.isdisjoint(leave_out):
        raise PayloadMalformedError("The XPath filters leave nothing of the document.")
    _leave_out(set(leave_out))
    if apex is copied:
        return canonicalize_without(copied, None, form)
    return canonicalize(apex, form.without_comments())


def _counterpart(
    element: etree._Element, root: etree._Element, copied: etree._Element
) -> etree._Element:
    place = root.getroottree().getelementpath(element)
    found = copied.getroottree().find(place)
    if found is None:
        raise PayloadMalformedError("The Signature is not in the document.")
    return found


def _leave_out(elements: set[etree._Element]) -> None:
    """Take elements out; the text behind each stays.

    Each parent is gone through once, and each text put together once: anybody may have added as many of
    these elements as fit.
    """
    parents = {parent for element in elements if (parent := element.getparent()) is not None}
    for parent in parents:
        before: etree._Element | None = None
        pieces: list[str] = []
        for child in list(parent):
            if child in elements:
                pieces.append(child.tail or "")
                child.tail = None
                parent.remove(child)
            else:
                _add_text(parent, before, "".join(pieces))
                before, pieces = child, []
        _add_text(parent, before, "".join(pieces))


def _add_text(parent: etree._Element, before: etree._Element | None, text: str) -> None:
    if not text:
        return
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
