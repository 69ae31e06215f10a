"""What is on the server, without its bytes: which things a name means, what is in the way, how they
are moved and removed, and what a shell is offered.

Rule: no content passes through here, and no local file is read or written.
"""
