"""Sites made at random, each with the flaws that were planted in it; what has to come of them follows from these alone.

table      what becomes of an announced article, and of a source, as docs/reference/announced-articles.md says
site       a site: its articles, sources and flaws, and the strategy that draws them
documents  feeds, sitemaps, sections and pages as bytes
server     the sites on loopback, each at an address of its own
check      crawls of many sites at once, held against what was planted
many       thousands of them
"""
