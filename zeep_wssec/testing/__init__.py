"""Tools for tests, ours and users': throwaway keys and certificates."""
