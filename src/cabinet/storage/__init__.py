"""The shared storage service: bytes, and nothing but bytes.

The server, `flask files` and filecli stream through these modules.

Rule: nothing in this folder imports flask, werkzeug or sqlalchemy, or handles users or user-typed paths.
"""
