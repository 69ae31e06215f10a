"""What every blueprint shares: requests in, responses out, errors between.

Rule: HTTP is known here and in the blueprints, and nowhere below.
"""
