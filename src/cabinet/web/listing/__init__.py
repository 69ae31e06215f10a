"""Lists of files on pages, for every blueprint that shows some.

Rule: the blueprints choose the files and the service.
"""
