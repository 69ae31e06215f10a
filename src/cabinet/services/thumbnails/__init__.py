"""Small pictures made of large ones.

Rule: content that nobody vouches for is decoded in a process of its own.
"""
