"""What WebDAV knows of the tree besides its contents: resources with their rows, locks and dead properties.

Rule: knows no XML and no HTTP; changes of the tree itself are made by the services for all protocols.
"""
