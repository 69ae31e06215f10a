"""HTTP requests and responses, the two upload protocols, and the stored tokens.

`api.py` is the interface, in terms of the domain. `connection.py` sends and retries requests;
`responses.py` parses JSON into the values of `entries.py`.

Rule: every URL and header is named here and nowhere else. Nothing here prints, prompts, or depends on
the command.
"""
