"""Pages in a browser, measured.

Modules:

    hard    the hard cases: what is exact, what gets out
"""
