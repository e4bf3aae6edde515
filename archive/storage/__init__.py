"""Where an archive's objects are kept: a directory, or a bucket of an S3-compatible service.

protocol    what both can do
local       a directory
s3…         S3, through boto3 (nothing else imports it)
fingerprint what S3 makes of a file's bytes
opening     from an address to a storage
"""
