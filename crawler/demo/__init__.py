"""A small newspaper on loopback, for the demonstration and the tests.

Modules:

    pages    its pages, feeds and sitemaps as bytes
    server   serving them, with the habits of real servers
    stories  what it has to tell, in three editions (stories.toml, all invented)
"""
