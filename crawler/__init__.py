"""The composition root: everything is put together here, and nobody imports it.

A package imports only those below it (import-linter holds each step)::

    cli > scale, watching, replay > run, offline > keeping, polite, wire > frontier > config

Modules:

    __main__    `python -m crawler` is `newswarc`
    cli/        the command line: parses and delegates
    config      all settings in one frozen model; the only reader of the environment
    demo/       a small newspaper on loopback
    ending_signals  which signals end a program in order
    frontier/   what is known: addresses, sources, hosts, in SQLite or PostgreSQL
    keeping/    exchanges into segments, segments into storage, pages into records
    offline/    work on an archive without fetching: extract, rebuild, import, verify
    polite/     rules of a polite guest
    replay/     an archive in the browser
    run/        everything that touches Scrapy
    safety      which addresses may be contacted
    scale/      several machines on one frontier
    scheduling  when a source is read again: a pure rule
    setting_files   the files that settings name, tried before a crawl
    setting_values  what the text of a setting may be
    state_place     where this machine's state for an archive is, and whose state a directory is
    trackers    hosts that are never asked for requisites
    watching/   what an operator sees: status, alarms, metrics
    wire/       bytes on the wire, one exchange at a time; no Scrapy
"""
