"""The backend of a local disk: blobs, staging, joining, locks.

Rule: reached through `storage/protocols.py`; nothing outside of this folder imports from it.
"""
