"""What tidies up, and what checks that rows and bytes agree.

Rule: may run at any time beside requests, and again after it was killed.
"""
