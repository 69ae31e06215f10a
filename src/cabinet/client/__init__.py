"""filecli, the console client of a Cabinet server.

    start       the entry point
    main        the list of commands, and the error handling of a run
    commands    the commands
    sync        one-way synchronization
    transfer    uploads and downloads
    remote      names, conflicts, moves and removals on the server
    session     the state of one run: flags, output, server and token
    wire        HTTP requests and responses

Each imports only those below it. All of them may import the modules beside `session.py`, except
`options`, `columns` and `worker_pool`, which are above it. A contract in pyproject.toml checks this.

Rule: nothing here imports flask, werkzeug, sqlalchemy or pydantic, nor any part of the server but
`cabinet.errors` and the storage modules `chunks` and `content_hash`. urllib3 and rich are imported when
a command first needs them, never for `--help`.
"""
