"""Accounts, passwords, sessions and tokens.

Rule: does not handle files, except that deleting an account deletes them.
"""
