"""What is kept, and how to read it back. `open_archive` and `Archive` are here too (`archive.opening`).

The layout is the same in a directory and in ``s3://bucket/prefix``::

    warc/YYYY/MM/DD/SEGMENT.warc.gz            the captures, from which everything else is derived
    cdxj/YYYY/MM/DD/SEGMENT.cdxj               index of the segment, sorted by SURT key
    manifests/YYYY/MM/DD/SEGMENT.json          written last: the segment exists when this does
    records/GENERATION/YYYY/MM/DD/SEGMENT.jsonl.gz            articles, one per line
    records/GENERATION/YYYY/MM/DD/SEGMENT.outcomes.jsonl.gz   pages, one per line, each with its outcome
    records/GENERATION/YYYY/MM/DD/SEGMENT.json                written last: the records are complete
    datasets/NAME/VERSION/…                    data sets (see `archive.datasets`)
    search/ANALYSIS/YYYY/MM/…  the full-text index (see `archive.search`)
    holdings/WRITER/NNNNNNNN.json   numbered list of all manifests: what should be here
    access/rules/ID.json            who may not read what; access/lifts/ID.json is a rule's end
    collections/NAME/NNNNNNNN.json  versions of named selections; the newest holds
    fixity/YYYY/MM/DD/ID.json       what each verification found
    custody/                        the log of custody: signed entries of all these (see `archive.custody`)
    redactions/YYYY/MM/DD/….json               what was removed, when and why
    redactions/begun/SEGMENT.json              only while captures are being removed from a segment
    state/                                      on this machine only: frontier, spool with open segments, merged index

A redacted segment has manifests and an index of a later revision, ``SEGMENT.r2.json``, which replace the earlier
ones.

This package knows nothing about Scrapy, sites, extraction, or the network (except S3).

Modules:

    access            access rules of an archive, and a gate that heeds them
    access_rules      who may read which captures
    address_match     how a URL is matched: exactly, by prefix, host or domain
    article           the article record and its JSON Schema
    bagit             BagIt: a directory of files with their digests
    body              the body of an article in blocks
    captures          reading captures back
    cdxj              the index
    ciphers           IANA names of TLS cipher suites
    clock_and_ids     the source of times and ids; injected, so that output can be reproduced
    collection        named selections with Dublin Core metadata
    content_coding    removing gzip, deflate, br, zstd within bounds
    custody/          a signed log of what the archive took in
    counted           numbers of things in sentences
    datasets/         immutable tables of articles that can be cited
    derived           records and outcomes of a segment
    durable           files that survive a power loss
    errors            the package's error tree
    excerpt           copying gzip members of a selection
    exchange          one attempt to fetch one URL: bytes both ways and how it ended
    exchange_records  the WARC records of one exchange
    exporting         a selection as one WARC file
    faults            what can be wrong with a stored archive
    fixity            what each verification found
    foreign_files     WARC and ARC files inside other programs' files
    foreign_warcs     importing other programs' WARC files as segments
    framing           how a payload was framed on the wire (chunk sizes, trailers)
    history           all captures of a URL over time
    holdings          what an archive should contain, so that missing objects are noticed
    http1             HTTP/1.x messages as bytes: heads, chunking
    indexing          the index of a WARC file, from its records
    languages         which language tags a selection matches (RFC 4647)
    layout            names of segments and keys of objects
    library           reading an archive: its segments and its records
    lookup            finding captures by address, host and time
    manifests         what a stored segment consists of
    markdown          an article as Markdown
    members           WARC records as gzip members
    merkle_tree       RFC 6962 trees: roots, paths, their checks
    merged_index      one local index over many segments
    named_files       files that a user names, of which none replaces another one unasked
    opening           an archive in three lines
    outcomes          page outcomes: what became of every captured page
    ocfl              OCFL objects, with all their versions
    package_payload   what a package of a selection contains
    period            periods of time, and whether a date is in one
    premis            PREMIS and Dublin Core documents
    publishing        storing a closed segment
    recovery          finishing a segment whose writer died
    record_part       the base of all parts of an article record
    record_scanning   the records of any WARC or ARC file, even a damaged one
    records_tree      the Merkle tree over a segment's records
    redaction         removing captures for good
    rendering         what a browser made of a page
    replica           a verified copy of an archive at another place
    search/           full-text search
    request_method    how an index identifies requests other than GET
    segment           writing a segment
    selection         selecting captures by URL, site and period
    sharding          splitting an archive's segments, for batch systems
    storage/          where objects are kept: a directory, or S3
    surt              SURT keys: URLs written so that a site's pages sort together
    tombstone         what replaces removed captures
    unpublished_pages pages of this machine that the archive does not list yet
    unpacking         decompressing files of captures
    verifying         checking a segment against its manifest, digests and records
    wacz              a selection as one WACZ file
    wacz_reading      reading WACZ files of any origin
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archive.opening import Archive, open_archive

__all__ = ["Archive", "open_archive"]


def __getattr__(name: str) -> Any:
    """Imported when first asked for, so that importing a module of the package stays cheap."""
    if name in __all__:
        from archive import opening

        return getattr(opening, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
