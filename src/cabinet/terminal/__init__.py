"""What both command lines print with, `flask`'s and filecli's: texts, streams, bars, lines and JSON.

Rule: knows no command and no server, and of Cabinet nothing but its errors; rich is loaded only where
bars are drawn.
"""
