"""Uploads: receiving content and publishing it as files.

Rule: no transaction is open while bytes move.
"""
