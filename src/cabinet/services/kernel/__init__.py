"""The foundation of all use cases: clock, ids, transactions, and database-specific SQL.

Rule: contains no business rules; database-specific SQL is here and nowhere else.
"""
