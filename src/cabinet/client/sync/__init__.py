"""One-way synchronization: transfers what differs and deletes surplus items.

Rule: it decides what to do; all bytes go through `transfer`.
"""
