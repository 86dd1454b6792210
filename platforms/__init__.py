"""Tests of other platforms on one Linux machine: what noxfile.py's sessions of them do.

Each module has one function, which takes a nox session. What the sessions fetch and make is kept
in build/platforms.
"""
