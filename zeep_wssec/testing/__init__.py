"""Tools for tests, ours and users': throwaway keys, and a partner that checks requests and answers.

::

    from zeep_wssec.testing import Parties, Partner, orders

    parties = Parties.create()  # keys for a caller and its partner
    partner = Partner(parties.partner_profile(), orders.answer_order)
    profile = parties.client_profile()
    with partner.serve() as address:  # on 127.0.0.1
        client = profile.client(orders.WSDL, address=address)
        order = client.service.PlaceOrder(sku="42", quantity=1, nonce="a1")
    assert order.orderId == "order-a1"
    assert "body signed" in profile.last_report().proved
    assert partner.answers[0].report.accepted  # what the request proved
"""

from zeep_wssec.testing import orders
from zeep_wssec.testing.authority import Authority
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Partner, Wire

__all__ = ["Authority", "Parties", "Partner", "Wire", "orders"]
