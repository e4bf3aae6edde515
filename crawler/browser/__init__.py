"""Pages that need a browser: rendered in Chromium, whose only way out is a proxy over the crawl's own wire.

Modules:

    answers         answers that a run has had lately, given again
    authority       the certificates that the proxy shows the browser
    chromium        how Chromium is started
    contained       starts the browser's process where nothing but the proxy can be reached
    frames          messages between a crawl and its browser's process
    installed       what of the extra is missing on this machine
    page_driver     what is done on one page, and what is taken from it
    page_phrases    buttons that are pressed without being told
    pages           the browser of a run: pages in, renderings out
    process         one browser, seen from the crawl
    profiles        cookies and local storage of logins
    proxy           the proxy of a browser; each page has an address of its own
    proxy_requests  reading what a browser asks its proxy for
    visit           one visit of a browser to a page, under the rules of the crawl
    worker          the browser's process: drives Chromium for the crawl
"""
