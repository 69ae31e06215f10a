"""Team spaces: trees of a team, with members, a quota, a trash and versions of their own.

Rule: decides who may make, change and end a space; what is in one is a matter of its members' mounts.
"""
