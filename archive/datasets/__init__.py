"""Data sets: immutable tables of articles that are built from an archive's records and can be cited.

Layout of one version, which exists when its manifest does::

    datasets/NAME/VERSION/data/NAME-00000-of-00003.parquet     the rows, zstd
    datasets/NAME/VERSION/jsonl/NAME-00000-of-00003.jsonl.gz   the same rows as JSON lines
    datasets/NAME/VERSION/README.md        card: what it is, how it was made, what is missing
    datasets/NAME/VERSION/plots/*.png      what is in it, for the card
    datasets/NAME/VERSION/schema.json      JSON Schema of a row
    datasets/NAME/VERSION/croissant.json   the same for machines (Croissant 1.0)
    datasets/NAME/VERSION/datapackage.json the same as a Data Package
    datasets/NAME/VERSION/codebook.md, codebook.csv    each column
    datasets/NAME/VERSION/CITATION.cff, citation.bib, citation.ris
    datasets/NAME/VERSION/sources.csv      who publishes at these hosts, as far as site definitions and the user say
    datasets/NAME/VERSION/SHA256SUMS       digests of all these
    datasets/NAME/VERSION/manifest.json    options, segments, counts, files; written last, never overwritten

Rules:

- The same segments, options and software give the same bytes: no clock is read.
- Every row names its capture; nothing is in a row that is not in its record, but what follows from many records
  (versions of an article, copies of a text).
- Nothing is left out without being counted in the manifest.
- Rows that access rules withhold are not built in, and not given out from versions built before.

Modules:

    about              what a citation says of a version
    building           a version from an archive
    card               README.md, schema.json, croissant.json
    cells              values of rows as cells of a flat table
    citing             CITATION.cff, BibTeX, RIS
    clusters           the same story at several papers
    codebook           the codebook: meaning, origin, unit, share filled, examples
    columns            the columns of a row
    condition_parsing  reading `--where`
    conditions         a condition on rows, evaluated
    counting           how many articles say something, and what share of all they are
    datapackage        a version as a Data Package
    downloading        one file onto this machine, in pieces that may come at once and in any order
    exporting          a version as one file of another format
    frames             articles of an archive as a table, read bit by bit
    likeness           how similar two texts are
    manifest           what a version of a data set consists of, and what it was built from
    markdown           rows as Markdown
    options            which records are wanted
    plots              plots of what is in a version
    pseudonyms         keyed hashes instead of names
    pulling            downloading a version, or a selection of its rows
    ranges             a stored object as a file read by byte ranges, for Parquet readers
    reading            list, describe, verify
    rehydrating        filling in the texts of a version that was shared without them
    relations          relations between records: versions, copies, clusters
    research           libraries of the extra ``research``
    rows               from a record to a row
    sampling           a sample of rows that can be drawn again
    shards             rows into files
    sources            the table of sources
    spreadsheets       rows as an Excel workbook
    statistics         what is in a version, in numbers
    statistics_files   rows for Stata and SPSS
    survey             which records of each segment are selected
    text_tables        rows as CSV and JSON lines
    withdrawing        withdrawing versions that contain removed captures
    withheld           rows that access rules withhold
"""
