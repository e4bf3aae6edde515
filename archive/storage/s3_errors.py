"""Errors of boto3 and S3-compatible services, as the archive's errors.

Sources: Amazon S3 API reference, "Error responses"; botocore's exceptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from urllib3.exceptions import HTTPError

from archive.errors import ObjectExists, ObjectMissing, StorageError, StorageRefused, StorageUnavailable

_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"PreconditionFailed", "412"}
_PASSING = {
    "BadDigest",
    "ConditionalRequestConflict",
    "IncompleteBody",
    "InvalidPart",
    "InvalidPartOrder",
    "NoSuchUpload",
    "OperationAborted",
    "RequestTimeout",
    "TooManyRequests",
    "XAmzContentSHA256Mismatch",
}
"""Codes of the 4xx statuses that another try, or beginning anew, mends."""

_UNSUPPORTED = {"NotImplemented", "501", "InvalidRequest", "InvalidArgument"}
_SERVER_ERROR = 500


def is_unsupported(error: ClientError) -> bool:
    """Whether a service may mean that it does not know a feature; the request without it tells."""
    return code_of(error) in _UNSUPPORTED


def is_missing(error: ClientError) -> bool:
    """Whether there is no such object."""
    return code_of(error) in _MISSING


def code_of(error: ClientError) -> str:
    """S3's error code; of a response without a body its status."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(uri: str, key: str) -> Iterator[None]:
    """Raises StorageError instead of what boto3 raises."""
    place = f"{uri}/{key}".rstrip("/")
    try:
        yield
    except ClientError as error:
        raise translated(error, place) from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise StorageRefused(
            f"{uri}: no credentials ({error}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
        ) from error
    except (BotoCoreError, HTTPClientError, HTTPError) as error:
        raise StorageUnavailable(f"{place}: {error}") from error
    except Boto3Error as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ClientError):
            raise translated(cause, place) from error
        raise StorageUnavailable(f"{place}: {error}") from error


def translated(error: ClientError, place: str) -> StorageError:
    """The archive's error for a refusal of the service."""
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    message = f"{place}: {error.response.get('Error', {}).get('Message') or code}"
    if is_missing(error):
        return ObjectMissing(message)
    if code in _TAKEN:
        return ObjectExists(message)
    if status >= _SERVER_ERROR or code in _PASSING:
        return StorageUnavailable(f"{message} ({code})")
    return StorageRefused(f"{message} ({code}); check the bucket, its permissions, the settings and the credentials")
