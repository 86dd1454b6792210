"""The only place where what users pass becomes what the engine accepts.

Every function returns the accepted value or raises: TypeError for the wrong kind of thing,
ValueError for a wrong value, in words that name the argument, what was expected and what came.
"""
