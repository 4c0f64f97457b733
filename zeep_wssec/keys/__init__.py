"""Keys, certificates and trust: loading them, finding them, judging them."""
