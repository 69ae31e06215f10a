"""Who acts, on which tree, and with which rights.

Rule: plain values; nothing here touches the database.
"""
