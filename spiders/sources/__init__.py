"""Sources, read: bytes in, addresses with what the source says of them out. Pure.

found     what a source says of an article
feed      RSS, Atom, RDF (feedparser)
json_feed JSON Feed
sitemap   sitemaps, news sitemaps, sitemap indexes, plain lists
hints     how often a source wants to be looked at
section   links of a page
"""
