"""Pages that need a browser: rendered in Chromium, whose only way out is a proxy over the crawl's own wire.

Modules:

    answers         answers that a run has had lately, given again
    authority       the certificates that the proxy shows the browser
    proxy           the proxy of one page
    proxy_requests  reading what a browser asks its proxy for
    visit           one visit of a browser to a page, under the rules of the crawl
"""
