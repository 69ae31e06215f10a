"""Operations on server paths without their content: resolving names, conflicts, moving, removing and
shell completion.

Rule: no content is transferred here, and no local file is read or written.
"""
