"""``newswarc replay``: browsing an archive, with pywb.

Modules:

    checking     whether pages have everything they need
    host_guard   lets pywb be asked by names of ours alone
    listing      its sites, days and articles
    program      pywb, run as a program
    replayed     what is replayed: an archive, a WARC or a WACZ file
    server       serves start page and, by ranges, WARC files on loopback
    start_page   these as HTML
    withholding  what access rules withhold from pywb
"""
