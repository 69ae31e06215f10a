"""Lists of files as pages show them, for every face that has some.

Rule: of whose files, and from which service, is for the faces to say.
"""
