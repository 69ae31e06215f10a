"""Bytes come in and become files.

Rule: no transaction is open while bytes move.
"""
