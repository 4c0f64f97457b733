"""Ratios of this package to the least that the same work can cost, and to its peers."""
