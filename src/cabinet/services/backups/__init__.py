"""Backups: made, renewed, verified and restored.

Rule: the server goes on while one is made, and nothing is overwritten when one is restored.
"""
