"""filecli, the console client: what a person or a script does with a Cabinet server.

    start       where the program begins
    main        the list of the commands, and where a run ends
    commands    what can be typed
    sync        one side made like the other
    transfer    bytes on their way
    remote      what is on the server, without its bytes
    session     what every command works with: flags, output, server and token
    wire        the server over HTTP

Each knows those below it and none above; all know the modules that lie beside `session.py`, but for
`options`, `columns` and `crew`, which stand above it. pyproject.toml holds this as a contract.

Rule: nothing here imports flask, werkzeug, sqlalchemy or pydantic, nor any part of the server
but `cabinet.errors` and the storage modules `chunks` and `content_hash`. urllib3 and rich are
loaded when a command first needs them, never for `--help`.
"""
