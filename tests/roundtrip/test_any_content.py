"""Any content survives: signed, encrypted, decrypted, verified."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from roundtrip.pair import ENCRYPTED, SIGNED, answer, body_of, canonical, client, envelope

from zeep_wssec import Inbound, Signature, Timestamp
from zeep_wssec.soap.namespaces import SOAP11, WSU

ORDERS = ((*SIGNED, ENCRYPTED), (Timestamp(), ENCRYPTED, Signature()), SIGNED)
LIMITED = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff").filter(
        lambda char: ord(char) & 0xFFFE != 0xFFFE
    )
    | st.sampled_from("\t\n\r<>&'\""),
    max_size=12,
)
NAMES = st.sampled_from(["a", "b", "Order", "x-1", "é"])


def _escaped(text: str) -> str:
    return escape(text, {"\r": "&#13;"})


def _tag(
    prefix: str,
    name: str,
    declared: dict[str, str],
    attributes: dict[str, str],
    inner: list[str],
    text: str,
) -> str:
    full = f"{prefix}:{name}" if prefix else name
    names = {key: f"xmlns:{key}" if key else "xmlns" for key in declared}
    shown = "".join(f" {names[key]}={quoteattr(uri)}" for key, uri in declared.items())
    shown += "".join(
        f" {key}={quoteattr(value, {chr(13): '&#13;', chr(10): '&#10;', chr(9): '&#9;'})}"
        for key, value in attributes.items()
    )
    return f"<{full}{shown}>{_escaped(text)}{''.join(inner)}</{full}>{_escaped(text[:3])}"


def contents(namespaces: dict[str, list[str]]) -> st.SearchStrategy[str]:
    """XML content whose prefixes are bound to the given namespaces."""

    def extend(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
        return st.lists(element(inner), max_size=3)

    def element(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[str]:
        def build(prefix: str) -> st.SearchStrategy[str]:
            declared = st.fixed_dictionaries(
                {prefix: st.sampled_from(namespaces[prefix])},
                optional={
                    key: st.sampled_from(uris)
                    for key, uris in namespaces.items()
                    if key and key != prefix
                },
            )
            return st.builds(
                _tag,
                st.just(prefix),
                NAMES,
                declared,
                st.dictionaries(NAMES, TEXT, max_size=2),
                inner,
                TEXT,
            )

        return st.sampled_from(sorted(namespaces)).flatmap(build)

    return st.recursive(st.just([""]), extend, max_leaves=8).map("".join)


ONE_EACH = {"": ["urn:d"], "p": ["urn:p"], "q": ["urn:q"]}
MEETING = {"": ["urn:p", "urn:d", SOAP11], "p": ["urn:p", "urn:q"], "q": ["urn:p", "urn:q", SOAP11]}


def _opened(plain: bytes, order: int) -> etree._Element:
    body = client(inbound=Inbound()).check(answer(ORDERS[order], plain)).body
    body.attrib.pop(f"{{{WSU}}}Id")
    return body


@LIMITED
@given(content=contents(ONE_EACH), text=TEXT, order=st.integers(0, 2))
def test_canonical_form(content: str, text: str, order: int) -> None:
    """Byte for byte in canonical form, whatever the order of the steps."""
    plain = envelope(_escaped(text) + content)
    assert canonical(_opened(plain, order)) == canonical(body_of(plain))


@LIMITED
@given(content=contents(MEETING), text=TEXT, order=st.integers(0, 2))
def test_prefixes_that_meet(content: str, text: str, order: int) -> None:
    """Where prefixes for one namespace meet: the signature fits, and names, attributes and text are the same."""
    plain = envelope(_escaped(text) + content, declarations=' xmlns:p="urn:q" xmlns:z="urn:p"')
    ours, given_body = _opened(plain, order), body_of(plain)
    seen = [(node.tag, node.text, node.tail, dict(node.attrib)) for node in ours.iter()]
    assert seen == [
        (node.tag, node.text, node.tail, dict(node.attrib)) for node in given_body.iter()
    ]
