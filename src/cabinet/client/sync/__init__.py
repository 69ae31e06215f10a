"""One side made like the other: what differs is transferred, what is too much is pruned.

Rule: it decides what, never how: bytes go through `transfer`.
"""
