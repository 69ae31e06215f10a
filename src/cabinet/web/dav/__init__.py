"""The engine of WebDAV (RFC 4918), for every face that serves it.

A face is a blueprint with views for all methods of `engine.METHODS`. It describes itself by a `face.Face`: where it is
mounted, which live properties it has, and what it adds to answers. Its views call `engine.answer(face, base, path)`,
and its blueprint is set up by `engine.prepare(bp)`: errors as XML, actors by `Authorization` only.

Rule: knows HTTP and XML, and neither face; services decide what is allowed and change the tree.
"""
