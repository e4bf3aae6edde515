"""How a guest behaves: what a host allows, asks for and can bear.

Modules:

    block_list    addresses the operator never wants, and the stop file
    clock_skew    how far this machine's clock is off
    hosts         which hosts are left alone, over all runs
    robots_rules  what robots.txt says (RFC 9309); pure
    site_budget   how far a run follows one site: a pure rule
"""
