"""The composition root: everything is put together here, and nobody imports it.

config      one frozen model of all settings; the only reader of the environment
settings    what Scrapy is told (`scrapy.cfg` names it); addon fills in the configuration
wire/       fetching: bytes on the wire, one exchange at a time
safety      which addresses may be contacted
robots      robots.txt, with every denial recorded
frontier    which URLs are known, due, captured, stored
source_reading  what a run reads of a source
outcomes    what capture outcomes mean for an address
counts      what a run has done so far
budget      how far a run follows a site
fair_queue  which host has its turn
gate        whether fetching may go on
spool       this machine's spool: open and closed segments, and what is derived from them
recorder    exchanges into segments
deriving    pages of segments into records, by worker processes
storing     closed segments into the storage, for as long as it takes
leftovers   what earlier runs left in the spool
depot       frontier, spool, extraction and storing, put together
finishing   doing by hand what a crawl could not
verification  an archive verified, in worker processes
housekeeping  what has to happen again and again while a crawl runs
lessons     what derived pages teach the frontier; memories: what recurs on a site's pages
session     all that joined to a running Scrapy crawl
extraction  records from stored segments, over again
trackers    hosts that are never asked for requisites
requisites  what a run wants of styles, pictures, scripts
importing   other programs' WARC files, with records of their pages
replay/     an archive in the browser
progress    what a person watching sees
cli/        the command line: parses and delegates
demo/       a small newspaper on loopback, for the demonstration and the tests
"""
