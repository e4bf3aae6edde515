"""The composition root: everything is assembled here, and no other package imports it.

A package imports only those below it (import-linter enforces it)::

    cli > web > scale, watching, replay > run, offline > browser > keeping, polite, wire > frontier > config

Modules:

    __main__    `python -m crawler` is `newswarc`
    browser/    pages that need a browser
    cli/        the command line: parses and delegates
    config      all settings in one frozen model; the only reader of the environment
    demo/       a small newspaper on loopback
    ending_signals  signals that shut a program down cleanly
    frontier/   what is known about URLs, sources and hosts, in SQLite or PostgreSQL
    keeping/    exchanges into segments, segments into the storage, pages into records
    offline/    work on an archive without fetching: extract, rebuild, import, verify
    polite/     rules of a polite crawler
    replay/     browsing an archive
    run/        everything that touches Scrapy
    safety      which IP addresses may be contacted
    scale/      several machines on one frontier
    scheduling  when a source is read again (pure)
    setting_files   checking the files named in settings before a crawl
    setting_values  validating the values of settings
    state_place     where an archive's state is on this machine, and to which archive a directory belongs
    trackers    hosts from which requisites are never requested
    watching/   monitoring: status, alarms, metrics
    web/        an archive as web pages and as an API
    wire/       bytes on the wire, one exchange at a time; no Scrapy
"""
