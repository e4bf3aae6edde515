"""Where an archive's objects are kept: in a directory, or in a bucket of an S3-compatible service.

Modules:

    addresses     parsing an archive's location
    fingerprint   size and digests of a file, whole and by parts, as S3 computes them
    local         a directory
    opening       opening the storage at a location
    protocol      what every storage can do
    reading_many  reading many small objects, several at once
    s3            a bucket of an S3-compatible service as storage, through boto3
    s3_errors     errors of boto3 and S3-compatible services, as the archive's errors
    s3_multipart  multipart uploads to S3 that can be resumed
    s3_options    settings for S3
    s3_reading    reading an S3 object as a stream, with another request if the connection breaks
    s3_versions   earlier versions of an object in a versioned bucket
"""
