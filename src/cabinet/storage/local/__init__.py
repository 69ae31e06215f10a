"""The backend for a local disk: blobs, staging, joining, locks.

Rule: used through `storage/protocols.py`; nothing outside this folder imports from it.
"""
