"""Data sets: immutable tables of articles that are built from an archive's records and can be cited.

Layout of one version, which exists when its manifest does::

    datasets/NAME/VERSION/data/NAME-00000-of-00003.parquet     the rows, zstd
    datasets/NAME/VERSION/jsonl/NAME-00000-of-00003.jsonl.gz   the same rows as JSON lines
    datasets/NAME/VERSION/README.md        card: what it is, how it was made, what is missing
    datasets/NAME/VERSION/plots/*.png      what is in it, for the card
    datasets/NAME/VERSION/schema.json      JSON Schema of a row
    datasets/NAME/VERSION/croissant.json   the same for machines (Croissant 1.0)
    datasets/NAME/VERSION/SHA256SUMS       digests of all these
    datasets/NAME/VERSION/manifest.json    options, segments, counts, files; written last, never overwritten

Rules:

- The same segments, options and software give the same bytes: no clock is read.
- Every row names its capture; nothing is in a row that is not in its record, but what follows from many records
  (versions of an article, copies of a text).
- Nothing is left out without being counted in the manifest.
- Rows that access rules withhold are not built in, and not given out from versions built before.

    downloading one file in pieces
    withdrawing versions that hold what was removed from the archive

Modules:

    building     a version from an archive
    card         README.md, schema.json, croissant.json
    conditions   ``--where`` as a condition on rows
    downloading  one file onto this machine, in pieces that may come at once and in any order
    likeness     how similar two texts are
    manifest     what a version of a data set consists of, and what it was built from
    options      which records are wanted
    plots        plots of what is in a version
    pulling      downloading a version, or a selection of its rows
    ranges       a stored object as a file read by byte ranges, for Parquet readers
    reading      list, describe, verify
    relations    relations between records: versions, copies, clusters
    rows         what a row is: columns, schemas, from a record to a row
    shards       rows into files
    survey       which records of each segment are selected
    withheld     rows that access rules withhold
    withdrawing  withdrawing versions that contain removed captures
"""
