"""The rules of RFC 5280 that stand between certificates, checked by ``pyhanko-certvalidator``.

This is the only module that imports it, and it is itself imported only when a path needs it: it
brings more modules than the rest of the package. Nothing is fetched, and no system store is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.name_trees import (
    default_excluded_subtrees,
    default_permitted_subtrees,
    process_general_subtrees,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import AcceptAllAlgorithms, PKIXValidationParams
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager
from pyhanko_certvalidator.validate import async_validate_path

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.names import printable
from zeep_wssec.keys.path_search import Obstacle

_log = logging.getLogger(__name__)


def check_constraints(path: tuple[Certificate, ...], *, now: datetime) -> Obstacle | None:
    """Say which rule of RFC 5280 the path breaks at ``now``, or ``None``.

    Args:
        path: Leaf first, anchor last; two certificates at least.
        now: Aware UTC time.

    Spec: RFC 5280, section 6.1; the anchor's own constraints count as well, as in RFC 5937.
    """
    try:
        leaf, *between = (_parse(item.der) for item in path[:-1])
        candidate = ValidationPath(_make_anchor(path[-1].der), between[::-1], leaf)
        context = ValidationContext(
            moment=now,
            time_tolerance=timedelta(0),
            trust_manager=SimpleTrustManager.build(()),
            certificate_registry=CertificateRegistry(),
            # Key sizes and digests are judged by the search, exceptions included.
            algorithm_usage_policy=AcceptAllAlgorithms(),
        )
        _run(async_validate_path(context, candidate))
    except (ValidationError, PathError) as error:
        return _describe(error)
    except (ValueError, TypeError, KeyError, NotImplementedError, AssertionError):
        _log.debug("The full path check could not read a certificate", exc_info=True)
        text = "a certificate in its path has content that cannot be read."
        return Obstacle(reason="constraint", sentence=text)
    return None


@lru_cache(maxsize=256)
def _parse(der: bytes) -> Any:
    return asn1.Certificate.load(der, strict=True)


@lru_cache(maxsize=64)
def _make_anchor(der: bytes) -> CertTrustAnchor:
    certificate = _parse(der)
    constraints = certificate.name_constraints_value
    parameters = None
    if constraints is not None:
        parameters = PKIXValidationParams(
            initial_permitted_subtrees=default_permitted_subtrees()
            | _read_subtrees(constraints["permitted_subtrees"]),
            initial_excluded_subtrees=default_excluded_subtrees()
            | _read_subtrees(constraints["excluded_subtrees"]),
        )
    qualifiers = TrustQualifiers(
        standard_parameters=parameters, max_path_length=certificate.max_path_length
    )
    return CertTrustAnchor(certificate, qualifiers)


def _read_subtrees(subtrees: Any) -> Any:
    # RFC 5280, section 4.2.1.10: a kind of name that is not mentioned is not limited.
    return process_general_subtrees(subtrees) if isinstance(subtrees, asn1.GeneralSubtrees) else {}


def _run(check: Coroutine[Any, Any, Any]) -> None:
    """Drive a coroutine that has nothing to wait for; works inside a running event loop too."""
    try:
        check.send(None)
    except StopIteration:
        return
    check.close()
    raise RuntimeError("a path check without a network waits for something")


def _describe(error: Exception) -> Obstacle:
    text = printable(str(error), limit=400)
    reason = "name_constraint" if "namespace" in text else "constraint"
    return Obstacle(reason=reason, sentence=text if text.endswith(".") else f"{text}.")
