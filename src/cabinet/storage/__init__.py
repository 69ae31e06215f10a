"""The shared storage service: bytes, and nothing but bytes.

The server, `flask files` and filecli stream through these modules.

Rule: no flask, werkzeug or sqlalchemy below this folder; no user, no path that a user typed.
"""
