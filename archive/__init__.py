"""What is kept, and how it is read back.

The same layout under a directory or an ``s3://bucket/prefix``::

    warc/YYYY/MM/DD/SEGMENT.warc.gz            the captures; the truth from which all else is derived
    cdxj/YYYY/MM/DD/SEGMENT.cdxj               index of the segment, sorted by SURT key
    manifests/YYYY/MM/DD/SEGMENT.json          written last: the segment exists when this does
    records/GENERATION/YYYY/MM/DD/SEGMENT.jsonl.gz            articles, one a line
    records/GENERATION/YYYY/MM/DD/SEGMENT.outcomes.jsonl.gz   pages, one a line, each with its outcome
    records/GENERATION/YYYY/MM/DD/SEGMENT.json                written last: the records are complete
    datasets/NAME/VERSION/…                    data sets (see `archive.datasets`)
    redactions/YYYY/MM/DD/….json               what was taken out, when and why
    state/                                      on this machine only: frontier, spool with open segments, merged index

A redacted segment has manifests and an index of a later revision, ``SEGMENT.r2.json``; these hold from then on.

Rooms, from the inside out:

    errors      the package's error tree
    identity    where times and ids come from (injected, so that output can be reproduced)
    exchange    one attempt to fetch one URL: bytes both ways and how it ended
    http1       HTTP/1.x messages as bytes: heads, chunking
    content_coding  removing gzip, deflate, br, zstd within bounds
    article     the article record and its JSON Schema
    outcomes    page outcomes: what became of every captured page
    layout      names of segments and keys of objects
    surt, cdxj  the index
    durable     files that outlast a loss of power
    members     WARC records as gzip members
    exchange_records  the WARC records of one exchange
    segment     writing a segment
    recovery    finishing a segment whose writer died
    captures    reading captures back
    manifests   what a stored segment consists of
    derived     records and outcomes of a segment
    storage     where objects are kept: a directory, or S3
    publishing  a closed segment becomes a stored one
    faults      what can be wrong with a stored archive
    verifying   whether a segment is what its manifest, digests and records say
    library     walking an archive: its segments and its records
    history     an address through time
    merged_index, lookup   finding captures by address, host and time
    selection, excerpt     a part of an archive, as copies of gzip members
    exporting, wacz        such a part as one WARC or WACZ file
    wacz_reading           reading WACZ files of any origin
    importing              other programs' WARC files become segments
    datasets/   tables of articles, in versions, to be cited
    tombstone, redaction   taking captures out for good

This package knows nothing of Scrapy, of sites, of extraction, and of the network (but for S3).
"""
