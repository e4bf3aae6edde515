"""Full-text search over the records of an archive, from a laptop's directory to a bucket, without a server.

Modules:

    analysis       text as the terms that an index has and a query asks for
    building       what has to be built, building and publishing splits, removing them
    cache          splits on this machine, seen as one index
    compiling      a query as the library has it
    documents      a record as a document of an index
    engine         the library, which is an extra
    open_segments  the temporary index of what this machine still writes
    opensearch     the records as bulk files for OpenSearch
    query          what a person asks for: words, phrases, fields, dates
    scripts        which characters are which
    searching      hits, counts, facets, similar articles
    snippets       the part of a text that shows why it was found
    splits         immutable parts of an index, and which of them answer
"""
