"""From captures to records.

This package knows Scrapy only in `items`, and nothing of sites, of the network and of storage.

Modules:

    allocator      memory that the allocator keeps to itself, bounded
    derivation     capture to article or page outcome: one function for the live crawl and for every re-run
    extract/       HTML to article: pure and deterministic
    generation     which extractor made a record, and what the record says
    items          the Scrapy side: an item carries a capture's address
    outcome_lines  what is said of a page that was looked at
    pool           derivation in worker processes, behind a bounded queue
    preloaded      the extractor with its models, for the server that worker processes are forked from
    rules          extraction rules: what a site's definition may say about its pages
    site_memory    what recurs on a site's pages
"""
