"""Folders and selections as one zip archive.

Rule: read only; nothing here is written.
"""
