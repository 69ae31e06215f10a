"""Thumbnails of images.

Rule: untrusted content is decoded in a separate process.
"""
