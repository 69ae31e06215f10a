"""What the operator's log tells.

Rule: writes lines, decides nothing.
"""
