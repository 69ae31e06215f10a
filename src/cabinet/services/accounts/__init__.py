"""Who may come in: accounts, passwords, sessions and tokens.

Rule: nothing of a user's files, but that they go with their account.
"""
