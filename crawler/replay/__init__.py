"""``newswarc replay``: an archive in the browser, by way of pywb.

replayed    what is replayed: an archive, a WARC or a WACZ file
listing     its sites, days and articles
start_page  these as HTML
server      serves start page and, by ranges, WARC files on loopback
program     pywb, run as a program
checking    whether pages have all they need
"""
