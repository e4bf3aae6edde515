"""Sources, read: bytes in, addresses with what the source says of them out. Pure.

Modules:

    feed       RSS, Atom, RDF (feedparser)
    found      what a source says of an article
    hints      how often a source wants to be looked at
    json_feed  JSON Feed (jsonfeed.org, version 1.1)
    section    links of a page
    sitemap    sitemaps, news sitemaps, sitemap indexes, plain lists
    unpacking  documents that come packed
    xml_mending  XML as papers write it, made so that a parser reads it to its end
"""
