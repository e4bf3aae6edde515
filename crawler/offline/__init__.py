"""Work on an archive without fetching: extract, rebuild, import, verify.

Modules:

    begun_file           the partial result of an interrupted extraction from a file
    bulk_files           extracting from many files
    bulk_storages        where bulk work reads and writes
    bulk_work            work on one segment, callable from any process
    captures_elsewhere   records of single captures, read by their addresses
    cluster              bulk work on a Dask cluster
    coverage             how much of what sources announced is in an archive
    derived_archive      records of other programs' files as an archive of derived data
    explanation          everything known about a URL
    file_extraction      extracting articles from any WARC and HTML files
    file_pages           the pages of one file of any kind, as work for extraction
    foreign_pages        pages of other programs' WARC, ARC and WACZ files
    frontier_rebuilding  rebuilding a frontier from an archive
    importing            importing other programs' WARC files, with records of their pages
    news_sources         the table of sources of a data set
    re_extraction        extracting records of stored segments again
    rebuilding           rebuilding indexes, manifests and records from WARC files
    search_index         building the full-text index
    source_files         files on this machine, at URLs, or named in lists
    verification         verifying an archive in worker processes
"""
