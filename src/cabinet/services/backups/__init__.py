"""Create, update, verify and restore backups.

Rule: the server keeps running during a backup, and a restore overwrites nothing.
"""
