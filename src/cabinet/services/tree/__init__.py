"""The nodes of a space: lookup, names, listings, counters and usage.

Rule: finds, lists, copies and counts; operations on many nodes at once are in changes/.
"""
