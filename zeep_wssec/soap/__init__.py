"""SOAP envelopes: what the security header stands in; nothing here knows a key."""
