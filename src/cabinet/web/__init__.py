"""What all blueprints share: requests, responses and errors.

Rule: HTTP is known here and in the blueprints, and nowhere below.
"""
