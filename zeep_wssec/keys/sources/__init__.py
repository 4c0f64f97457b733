"""Where the content of a keystore comes from; each kind of place is one module."""
