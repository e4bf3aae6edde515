"""From captures to records.

    rules       extraction rules: what a site's definition may say about its pages
    extract     HTML to article: pure and deterministic
    site_memory what recurs on a site's pages
    derivation  capture to article or page outcome: one function for the live crawl and for every re-run
    allocator   memory that the allocator keeps to itself, bounded
    pool        that function in worker processes, behind a bounded queue
    items       the Scrapy side: an item carries a capture's address, a pipeline enqueues it

This package knows Scrapy only in `items`, and nothing of sites, of the network and of storage.
"""
