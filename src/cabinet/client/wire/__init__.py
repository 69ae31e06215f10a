"""The server, asked: requests and answers over HTTP, the two protocols of uploads, and the token.

`api.py` is the face: what can be asked, in the words of the domain. `connection.py` below it sends and
repeats; `answers.py` makes `entries.py` out of JSON.

Rule: every URL and header is named here and nowhere else. Nothing here prints, asks a person, or knows
which command runs.
"""
