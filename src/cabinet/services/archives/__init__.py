"""Folders and selections as one zip archive.

Rule: reads only.
"""
