"""Pages in a browser, measured.

Modules:

    cost         what a page costs, beside scrapy-playwright
    hard         the hard cases: what is exact, what gets out
    kills        crawls that are killed at random moments
    peer_spider  scrapy-playwright as it comes
"""
