"""Links to files and folders: how their owners make and end them, and how guests come in.

Rule: a guest gets a scope, and acts through the same services as everybody else.
"""
