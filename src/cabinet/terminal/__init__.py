"""The output of both command lines, `flask` and filecli: text, streams, progress bars and JSON.

Rule: imports nothing of Cabinet but its errors; rich is imported only to draw progress bars.
"""
