"""Uploads and downloads: which files, in which requests, how fast, and how to resume.

`uploading.py` and `downloading.py` plan a whole command. A file is uploaded in one request
(`single.py`), in a batch (`batches.py`), in parts (`resumable.py`, `pieces.py`) or from a pipe
(`stream_upload.py`). Downloads are written to the sinks of `sinks.py`.

Rule: a transfer is complete only when both sides have the same content hash; an incomplete file never
replaces a complete one.
"""
