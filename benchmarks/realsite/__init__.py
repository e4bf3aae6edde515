"""Newspapers made by other people's programs.

wordpress      WordPress from Debian's packages, on PHP's own server and a private MariaDB: set up, seeded, changed
seed.php       what is done from within WordPress: the installation, the posts, their corrections
run            the crawls of it, and what has to come of them
generators     static sites: Pelican from PyPI, Hugo from Debian
guarded_site   nginx in front of one: a private certificate, a login, a consent cookie, a move to another host
operator_days  what an operator sees of that, step by step
"""
