"""A small newspaper on loopback, for the demonstration and the tests.

stories   what it has to tell, in three editions (stories.toml, all invented)
pages     its pages, feeds and sitemaps as bytes
server    serving them, with the habits of real servers
"""
