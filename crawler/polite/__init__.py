"""How a guest behaves: what a host allows, asks for and can bear.

rules       robots.txt read (RFC 9309); pure
robots      robots.txt fetched, remembered and obeyed
holds       hosts that ask for patience; pure
hosts       which hosts are left alone, over all runs
pace        delays between requests, and hosts left alone for a while
blocklist   addresses that an operator never wants asked
"""
