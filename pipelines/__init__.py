"""From captures to records.

Only `items` knows about Scrapy. This package knows nothing about sites, the network, or storage.

Modules:

    allocator      memory that a process no longer needs
    capture_batch  deriving from captures that were read already, several at a time
    derivation     capture to article or page outcome: the same function for the live crawl and for every re-run
    extract/       HTML to article: pure and deterministic
    generation     the extractor's generation, and what a record says
    items          the Scrapy side: an item carries a capture's position
    language_model  py3langid's model in a smaller form, made once on a machine and mapped into memory
    need_of_browser  whether a page shows its text only to a browser
    outcome_lines  the outcome line for a page
    pool           derivation in worker processes, behind a bounded queue
    preloaded      the extractor with its models, for the server that worker processes are forked from
    raw_words      whether a page has certain words, before anything is extracted from it
    rules          extraction rules: what a site's definition can say about its pages
    site_memory    paragraphs that recur on a site's pages
    stop_words     frequent words of many languages, in less memory, for trafilatura's last resort
    worker_server  worker processes: the server that they are forked from, their calls and answers
"""
