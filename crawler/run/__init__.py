"""Everything that touches Scrapy: one crawl from its settings to its report.

Modules:

    addon                fills the configuration into Scrapy's settings
    cookies_middleware   cookies within bounds
    crawling             one crawl from start to report
    download_handler     Scrapy requests over our own wire
    fair_queue           which host is next
    frontier_middleware  admits new articles, takes up what earlier runs left
    interruption         Ctrl-C: the first ends the crawl in order, the second at once
    linked_editions      other forms that an article names for itself
    pace_middleware      how fast a host is asked
    requisites           which styles, pictures and scripts a run fetches
    robots_middleware    robots.txt (RFC 9309): fetched, remembered, obeyed
    session              recorder and frontier joined to a running crawl
    settings             what Scrapy is told; `scrapy.cfg` names it
"""
