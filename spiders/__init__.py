"""From a site to requests.

This package knows nothing about storage.

Modules:

    catalog         finding and reading site definitions; sites/ holds the bundled ones
    dates           dates as sources and servers write them
    families/       the spiders
    left_out        why an announced article is not requested
    links           which URLs are articles, sections, or neither
    meta_refresh    pages that only lead to another page
    numbered_pages  whether a URL is the next page of the same article
    page_charset    in which charset letters of a page's links are sent
    page_steps      what a browser does on a page
    problems        what went wrong at a site, in one line
    reading         parsing the documents of sources, at once or in a worker
    remedies        what to do about a failed attempt
    requests        requests that carry how their URL was found
    requisites/     what pages need to display properly
    run_services    what a run provides to its spider
    shapes          forms of a site's URLs, and which of them are articles
    site            the definition of a site
    sources/        parsing feeds, sitemaps and sections: bytes in, URLs out
    url_identity    when two URLs are the same article
"""
