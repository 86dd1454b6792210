"""Proof, on one Linux machine, for the platforms that it is not: noxfile.py's sessions of them.

Each module has one function, which takes a nox session. What the sessions fetch and make is kept
in build/platforms.
"""
