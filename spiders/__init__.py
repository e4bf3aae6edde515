"""From a site to requests.

This package knows nothing of storage.

Modules:

    catalog         finding and reading site definitions; sites/ holds the bundled ones
    dates           dates as sources and servers write them
    families/       the spiders
    left_out        why an article that a source announces is not asked for
    links           which addresses are articles, sections, or neither
    meta_refresh    pages that are no more than a way to another
    numbered_pages  whether an address is the next page of the same article
    problems        what went wrong at a site, in one line for a person
    reading         documents of sources, read at once or by a worker
    remedies        what to do about an attempt that failed
    requests        requests that carry how their address was found
    requisites/     what pages need to look as they do
    run_services    what a spider is given by the run that it is part of
    shapes          forms of a site's addresses, and which of them are articles
    site            what a site's definition may say
    sources/        feeds, sitemaps and sections, read: bytes in, addresses out
    url_identity    when two addresses are one article
"""
