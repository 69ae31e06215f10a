"""The sweep, consistency checks and records of job runs.

Rule: can run at any time beside requests, and again after being killed.
"""
