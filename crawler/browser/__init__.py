"""Pages that need a browser: rendered in Chromium, whose only way out is a proxy over the crawl's own wire.

Modules:

    answers         answers that a run has had lately, given again
    archive_answers  what a page asks for when it is shown again, from the archive
    authority       the certificates that the proxy shows the browser
    chromium        how Chromium is started
    contained       starts the browser's process where nothing but the proxy can be reached
    earlier_answers  answers that earlier runs have had, from the archive
    frames          messages between a crawl and its browser's process
    installed       what of the extra is missing on this machine
    login           logging in by hand
    page_driver     what is done on one page, and what is taken from it
    page_phrases    buttons that are pressed without being told
    pages           the browser of a run: pages in, renderings out
    plan            how a browser is started
    process         one browser, seen from the crawl
    profiles        cookies and local storage of logins
    proxy           the proxy of a browser; each page has an address of its own
    proxy_requests  reading what a browser asks its proxy for
    quality         whether pages look the same when they are shown again
    quality_report  the report on that
    visit           one visit of a browser to a page, under the rules of the crawl
    worker          the browser's process: drives Chromium for the crawl
"""
