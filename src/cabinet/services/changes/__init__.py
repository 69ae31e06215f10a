"""Operations on nodes, on one or very many: move, copy, trash, restore, purge.

Rule: each change is one transaction, or a batch of transactions that is completed or reverted.
"""
