"""What is done to nodes, one or very many: moved, copied, trashed, restored, purged.

Rule: each change is one transaction, or a batch of them that is finished or taken back.
"""
