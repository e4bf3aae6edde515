"""Everything that touches Scrapy: one crawl from its settings to its report.

Modules:

    addon                fills the configuration into Scrapy's settings
    admission            which articles a run asks for: one rule of age
    announcements        what sources say of articles that wait to be fetched
    capturing            the one way into the archive for what a run receives
    cookies_middleware   cookies within bounds
    crawl_run            one run: its parts put together, begun and ended
    crawling             one crawl from start to report
    download_handler     Scrapy requests over our own wire
    duplicate_filter     requests made before are left out, the steps of a redirect never
    extension            the Scrapy extension that holds the run
    fair_queue           which host is next
    frontier_middleware  admits new articles, takes up what earlier runs left
    interruption         Ctrl-C: the first ends the crawl in order, the second at once
    linked_editions      other forms that an article names for itself
    narration            what happens, in lines for a person (``-v``)
    pace_middleware      how fast a host is asked
    requisites           which styles, pictures and scripts a run fetches
    robots_middleware    robots.txt (RFC 9309): fetched, remembered, obeyed
    run_state            what a run is to do, has seen and may still do
    settings             what Scrapy is told; `scrapy.cfg` names it
"""
