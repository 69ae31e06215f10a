"""What every use case stands on: time, ids, transactions and the SQL of one database.

Rule: knows no user's rules; the SQL of one database is here and nowhere else.
"""
