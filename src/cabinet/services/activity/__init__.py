"""What happens in shares and team spaces: recorded with each change, and told to those who may see it.

Rule: an event is written in the transaction of what it tells, so neither exists without the other.
"""
