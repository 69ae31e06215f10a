"""Groups of users: who is in which, and who manages them.

Rule: a change of members changes what they see in the same transaction.
"""
