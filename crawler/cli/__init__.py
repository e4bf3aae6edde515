"""The command line: parses and delegates.

Modules:

    access            ``newswarc access``: withholding captures from readers
    about             sites, config, schema
    archive_context   settings, storage and sites of a command, opened on demand
    archives          records and extract: reading records, extracting them again
    bars              bars that show how far a command is
    browser           ``newswarc browser``: logins of pages in a browser
    collections       ``newswarc collection``: named selections with Dublin Core metadata
    completion        ``newswarc completion``: scripts for shell completion
    copying           ``newswarc copy``: a verified replica of an archive
    crawl             ``newswarc crawl``
    crawl_command     running ``newswarc crawl``: from options to a plan to a report
    custody           ``newswarc custody``: a signed log of what the archive took in
    custody_proofs    ``newswarc custody prove``, ``check`` and ``verifier``: proofs of single captures
    dataset           ``newswarc dataset``: tables of articles that can be cited
    dataset_build     ``newswarc dataset build``
    dataset_counts    ``newswarc dataset clusters`` and ``counts``
    dataset_coverage  ``newswarc dataset stats``
    dataset_export    ``newswarc dataset export``
    dataset_links     ``newswarc dataset presign``
    dataset_rehydrate ``newswarc dataset rehydrate``
    dataset_selection which data set a command reads, and which of its rows and columns
    demo              the bundled newspaper
    errors            turning a user's mistake into one clear line
    explain           ``newswarc explain``: everything known about a URL
    export            ``newswarc export`` and ``newswarc wacz``: exporting part of an archive
    failures          ``newswarc failures``: articles that could not be captured
    file_options      which files a command reads
    find              ``newswarc find``: captures of a URL, a host or a domain
    fleet             ``newswarc worker`` and ``newswarc fleet``
    history           the versions of an article
    import_command    ``newswarc import``: importing other programs' WARC files
    index             ``newswarc index``: building the full-text index
    main              the application and its commands
    manual            generating the manual page and the completion files
    options           options that several commands share
    package           ``newswarc package``: a selection as BagIt or OCFL
    progress          progress display and summary of a crawl
    quiet_run         ``newswarc crawl --due`` when nothing is due yet
    rebuild           ``newswarc rebuild``: rebuilding derived files from the WARC files
    redact            ``newswarc redact``: removing captures for good
    reference         generating pages of the documentation
    reference_python  generating the page on the Python API
    replay            ``newswarc replay``: browsing an archive
    replay_check      ``newswarc replay --check``: which pages lack something that they need
    replay_quality    ``newswarc replay --check --browser``: whether pages look the same when they are shown again
    schedule          ``newswarc schedule``: repeating ``crawl --due`` without cron
    search            ``newswarc search``: finding articles by words, phrases, dates and more
    serve             ``newswarc serve``: an archive as web pages and as an API
    show              ``newswarc show``: one capture on the terminal
    site              ``newswarc site add`` and ``site check``: defining and checking sites
    site_names        finding a site's definition by name or front page
    spool_recovery    ``newswarc recover`` and ``newswarc upload``: finishing what a crawl left on this machine
    terminal          standard streams as pipelines need them
    token             ``newswarc token``: who may use ``newswarc serve`` from elsewhere
    verify            ``newswarc verify``: checking an archive
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
        if not flush_output():
            code = code or 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
