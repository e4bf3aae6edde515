"""The rules of a polite crawler: what a host allows, asks for and can handle.

Modules:

    block_list    URLs that are never requested, and the stop file
    clock_skew    how far this machine's clock is off
    hosts         which hosts get no requests for now, over all runs
    robots_rules  what robots.txt says (RFC 9309); pure
    site_budget   how far a run follows one site (pure)
"""
