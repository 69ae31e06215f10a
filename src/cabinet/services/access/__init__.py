"""Actors, rights, roles and scopes: who acts, on which tree, with which rights.

Rule: plain values; nothing here touches the database.
"""
