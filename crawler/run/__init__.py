"""Everything that touches Scrapy: one crawl from its settings to its report.

Modules:

    addon                fills the configuration into Scrapy's settings
    admission            which articles a run requests, by their age
    announcements        what sources say about articles waiting to be fetched
    browsing             pages that are rendered in a browser
    capturing            the only way into the archive for what a run receives
    cookies_middleware   cookies within limits
    crawl_run            one run: assembled, started and ended
    crawling             one crawl from start to report
    download_handler     Scrapy requests over our own wire
    duplicate_filter     filtering duplicate requests, but not the steps of a redirect
    extension            the Scrapy extension that holds the run
    fair_queue           which host is next
    frontier_middleware  admitting new articles, and resuming what earlier runs left
    history_keeping      an entry in the history of runs
    interruption         Ctrl-C: the first one ends the crawl cleanly, the second at once
    linked_editions      other editions and pages that an article links to
    narration            events as readable lines (``-v``)
    open_files           how many files and connections a run may have open
    pace_middleware      how fast a host is requested
    patience             waiting for hosts that asked for a short pause
    polite_fetching      fetching when a host's turn comes, within all limits
    redirect_middleware  following redirects, and reporting those that lead nowhere
    refusals             articles that a run requested and did not get
    requisites           which styles, pictures and scripts a run fetches
    robots_middleware    robots.txt (RFC 9309): fetched, remembered, obeyed
    run_state            a run's tasks, findings and budget
    settings             Scrapy's settings; `scrapy.cfg` names it
"""
