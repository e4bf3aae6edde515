"""The composition root: everything is put together here, and nobody imports it.

config      one frozen model of all settings; the only reader of the environment
settings    what Scrapy is told (`scrapy.cfg` names it); addon fills in the configuration
wire/       fetching: bytes on the wire, one exchange at a time
safety      which addresses may be contacted
robots      robots.txt, with every denial recorded
frontier    which URLs are known, due, captured, stored
recorder    exchanges into segments, pages into records, both into storage
session     the recorder and the frontier joined to a running Scrapy crawl
extraction  records from stored segments, over again
progress    what a person watching sees
cli/        the command line: parses and delegates
demo/       a small newspaper on loopback, for the demonstration and the tests
"""
