"""Parsing sources: bytes in, URLs out, with what the source says about each. Pure.

Modules:

    feed       RSS, Atom, RDF (feedparser)
    found      what a source says about an article
    hints      how often a source asks to be read
    json_feed  JSON Feed (jsonfeed.org, version 1.1)
    section    links of a page
    sitemap    sitemaps, news sitemaps, sitemap indexes, plain lists
    unpacking  decompressing documents
    xml_mending  repairing malformed XML so that a parser can read all of it
"""
