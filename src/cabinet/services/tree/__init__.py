"""The nodes of a space: finding, naming, listing and counting them.

Rule: finds, lists, copies and counts; what is done to very many nodes at once is in changes/.
"""
