"""The use cases: a database session, a store and a clock go in, plain rows come out.

Rule: here is decided what is allowed, and here alone is committed. No flask, werkzeug, wtforms
or click; whatever a service needs is handed to it.
"""
