"""The command line: parses and delegates.

Modules:

    about             sites, config, schema: what there is to know
    archive_context   what a command works on: settings and what they name, opened when asked for
    archives          records and extract: reading an archive, deriving records again
    completion        ``newswarc completion``: what a shell needs to complete command lines
    crawl             crawl sites, addresses or lists of pages
    crawl_command     what ``newswarc crawl`` does: options become a plan, the plan is run and shown
    dataset           ``newswarc dataset``: tables of articles to be cited
    dataset_coverage  ``newswarc dataset stats``
    dataset_links     ``newswarc dataset presign``
    demo              the bundled newspaper
    errors            a user's mistake becomes one clear line
    explain           ``newswarc explain``: all that is known of an address
    export            ``newswarc export`` and ``newswarc wacz``: a part of an archive as a file to give away
    failures          ``newswarc failures``: what is not captured, and why
    find              ``newswarc find``: captures of an address, a host or a domain
    fleet             ``newswarc worker`` and ``newswarc fleet``
    history           the versions of an article
    import_command    ``newswarc import``: WARC files of other programs become part of an archive
    main              the application and its commands
    manual            the manual page and the files for shell completion, made from the program
    options           options that several commands share
    progress          what a person watching sees
    rebuild           ``newswarc rebuild``: what is derived, from the WARC files again
    redact            ``newswarc redact``: captures taken out of an archive for good
    reference         pages of the documentation that are made from the program
    reference_python  the page on what other programs may import
    replay            ``newswarc replay``: an archive in the browser
    replay_check      ``newswarc replay --check``: which pages lack something that they need
    schedule          ``newswarc schedule``: ``crawl --due`` again and again, for whoever has no cron
    show              ``newswarc show``: one capture on the terminal
    site              site add and site check: where a site announces its articles
    site_names        from what a person calls a site to its definition
    spool_recovery    ``newswarc recover`` and ``newswarc upload``: what a crawl left on this machine
    terminal          standard streams as pipelines need them
    verify            ``newswarc verify``: whether an archive is what it says
    watch             ``newswarc status``, ``health`` and ``watch``
"""

import sys


def main() -> None:
    """Entry point of the ``newswarc`` program."""
    try:
        # Within the guard: importing takes a moment in which a person may change their mind
        from crawler.cli.terminal import flush_output, prepare_streams

        prepare_streams()
        from crawler.cli.main import run_program

        code = run_program(sys.argv[1:])
        flush_output()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
