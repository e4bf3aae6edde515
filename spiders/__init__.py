"""From a site to requests.

    site        what a site's definition may say
    catalog     finding and reading site definitions; sites/ holds the bundled ones
    identity    when two addresses are one article
    links       which addresses are articles, sections, or neither
    requests    requests that carry how their address was found
    reading     documents of sources, read at once or by a worker
    problems    what went wrong at a site, in one line for a person
    sources/    feeds, sitemaps and sections, read: bytes in, addresses out
    requisites/ what pages need to look as they do
    families/   the spiders

This package knows nothing of storage.
"""
