"""Work on an archive that fetches nothing: extract, rebuild, import, verify.

Modules:

    begun_file           what extraction from a file left when it was interrupted
    bulk_storages        where bulk work reads and writes
    bulk_work            work on one segment, callable from any process
    cluster              bulk work on a Dask cluster
    coverage             how much of what sources announced is in an archive
    explanation          all that is known of an address
    file_extraction      articles from WARC and HTML files of any origin
    foreign_pages        pages of other programs' WARC, ARC and WACZ files
    frontier_rebuilding  a frontier made again from an archive
    importing            WARC files of other programs, with records of their pages
    re_extraction        records of stored segments, extracted again
    rebuilding           indexes, manifests and records, made again from WARC files
    verification         an archive verified, in worker processes
"""
