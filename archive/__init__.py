"""What is kept, and how it is read back.

The same layout under a directory or an ``s3://bucket/prefix``::

    warc/YYYY/MM/DD/SEGMENT.warc.gz            the captures; the truth from which all else is derived
    cdxj/YYYY/MM/DD/SEGMENT.cdxj               index of the segment, sorted by SURT key
    manifests/YYYY/MM/DD/SEGMENT.json          written last: the segment exists when this does
    records/GENERATION/YYYY/MM/DD/SEGMENT.jsonl.gz            articles, one a line
    records/GENERATION/YYYY/MM/DD/SEGMENT.outcomes.jsonl.gz   pages, one a line, each with its outcome
    records/GENERATION/YYYY/MM/DD/SEGMENT.json                written last: the records are complete
    datasets/NAME/VERSION/…                    data sets (see `archive.datasets`)
    holdings/WRITER/NNNNNNNN.json   entries of all manifests, numbered: what should be here
    access/rules/ID.json            who may not read what; access/lifts/ID.json is a rule's end
    redactions/YYYY/MM/DD/….json               what was taken out, when and why
    redactions/begun/SEGMENT.json              only while captures are taken out of a segment
    state/                                      on this machine only: frontier, spool with open segments, merged index

A redacted segment has manifests and an index of a later revision, ``SEGMENT.r2.json``; these hold from then on.

This package knows nothing of Scrapy, of sites, of extraction, and of the network (but for S3).

Modules:

    access            access rules of an archive, and a gate that heeds them
    access_rules      who may read which captures
    address_match     which addresses are meant by one
    article           the article record and its JSON Schema
    body              the body of an article in blocks
    captures          reading captures back
    cdxj              the index
    ciphers           IANA names of TLS cipher suites
    clock_and_ids     where times and ids come from; injected, so that output can be reproduced
    content_coding    removing gzip, deflate, br, zstd within bounds
    datasets/         immutable tables of articles, to be cited
    derived           records and outcomes of a segment
    durable           files that outlast a loss of power
    errors            the package's error tree
    excerpt           copying gzip members of a selection
    exchange          one attempt to fetch one URL: bytes both ways and how it ended
    exchange_records  the WARC records of one exchange
    exporting         a selection as one WARC file
    faults            what can be wrong with a stored archive
    foreign_files     other programs' files as the WARC or ARC files in them
    foreign_warcs     other programs' WARC files become segments
    framing           what stood between the pieces of a payload on the wire
    history           an address through time
    holdings          what an archive should hold, so that what is missing is noticed
    http1             HTTP/1.x messages as bytes: heads, chunking
    indexing          the index of a WARC file, from its records
    languages         which language tags a selection means (RFC 4647)
    layout            names of segments and keys of objects
    library           walking an archive: its segments and its records
    lookup            finding captures by address, host and time
    manifests         what a stored segment consists of
    markdown          an article as Markdown
    members           WARC records as gzip members
    merkle_tree       RFC 6962 trees: roots, paths, their checks
    merged_index      one local index over many segments
    outcomes          page outcomes: what became of every captured page
    period            stretches of time, and whether a date lies in one
    publishing        a closed segment becomes a stored one
    recovery          finishing a segment whose writer died
    record_part       the base of all parts of an article record
    record_scanning   the records of any WARC or ARC file, sound or not
    records_tree      the tree over a segment's records
    redaction         removing captures for good
    request_method    what an index says of a request that is not GET
    segment           writing a segment
    selection         which captures are meant: address, site, period
    sharding          a part of an archive's segments, for batch systems
    storage/          where objects are kept: a directory, or S3
    surt              SURT keys: URLs written so that a site sorts together
    tombstone         what stands in place of removed captures
    unpacking         files of captures as the plain bytes in them
    verifying         whether a segment is what its manifest, digests and records say
    wacz              a selection as one WACZ file
    wacz_reading      reading WACZ files of any origin
"""
