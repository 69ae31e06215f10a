"""filecli, the console client: what a person or a script does with a Cabinet server.

Rule: nothing here imports flask, werkzeug, sqlalchemy or pydantic, nor any part of the server
but `cabinet.errors` and the storage modules `chunks` and `content_hash`. urllib3 and rich are
loaded when a command first needs them, never for `--help`.
"""
