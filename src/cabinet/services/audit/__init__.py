"""The audit log.

Rule: writes log lines and decides nothing.
"""
