"""``newswarc serve``: an archive as pages for people and as interfaces for programs.

Needs the extra ``web``. Every page works without JavaScript; nothing is loaded from elsewhere; what was captured is
shown escaped here, and replayed on another origin.

Modules:

    answering        from a request to a page, and what becomes of errors
    api              the API: the same answers as the pages, for programs
    api_models       what the API takes and gives
    application      which page is where, and who may see it
    audit            who changed what
    bounded_work     no more work at once than the machine bears
    capture_pages    pages on captures: headers, exact bytes
    catalogue        what an archive consists of, kept in step with the storage
    cdx_query        a query of a CDX server (pure)
    citation         an article as BibTeX, RIS and CSL-JSON
    crawl_control    starting and stopping crawls
    curation_pages   pages for archivists: access rules, collections, redactions, fixity
    dataset_making   making a data set of what a search means
    dataset_pages    pages on data sets
    download_pages   downloads of what a search means
    downloads        downloads: streamed while they are made, and resumable
    guard            who is let in, and what an answer may do
    kept_exchange    all records of one exchange
    openapi          the description of the API
    operation        what operators look at
    operation_pages  pages for operators: crawls, failures, alarms
    patience         how long a client may take to ask
    plot             where the bars of a plot stand
    policies         from settings to who is let in
    problems         what went wrong, for programs (RFC 9457)
    programs         this package's own commands, started by the server
    query_form       what a reader asks for, as parameters of an address
    rate             how many requests a client may send
    reading          all that pages read of an archive
    rendering        pages from templates
    research         pages for researchers
    roles            who asks, and what they may do
    selected_records the records that a query means, as CSV, JSON lines or Parquet
    serving          running the server
    session_pages    signing in and out, choosing a language
    sessions         browsers that have signed in
    site_pages       pages on sites: calendars, the pages of a day
    timeline         how many articles there were over time
    tokens           access tokens, of which only digests are kept
    translations     the texts of the pages in other languages
    web_archive      a CDX server, and Memento (RFC 7089)
    words_changed    what changed between two versions of an article
"""
