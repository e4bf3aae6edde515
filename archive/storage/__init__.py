"""Where an archive's objects are kept: a directory, or a bucket of an S3-compatible service.

Modules:

    addresses     how the address of an archive is read
    fingerprint   what a file's bytes come to, whole and by parts, as S3 computes it
    local         a directory
    opening       from an address to a storage
    protocol      what both can do
    s3            A bucket of an S3-compatible service as storage, through boto3
    s3_errors     what boto3 and S3-compatible services complain of, in the archive's terms
    s3_multipart  files that go up to S3 in parts, and go on where an earlier try ended
    s3_options    how a bucket is used
    s3_reading    an object of S3 read as a stream, over more than one request when the line breaks
    s3_versions   former versions of an object in a bucket that keeps them
"""
