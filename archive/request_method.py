"""What an index says of a request that is not GET, so that its answer is found by it and by nothing else.

Its key is that of the address with ``__wb_method`` and, of POST and PUT, what the request's body says behind it, as
pywb and ``cdxj-indexer --post-append`` make it (request body canonicalisation, specs.webrecorder.net): the fields
of a form or of a JSON document, or the whole body in base 64 as ``__wb_post_data``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlencode

_LONGEST = 4096
_WITH_BODY = frozenset({"POST", "PUT"})
_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) [^\n]*\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_DISPOSITION = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class RequestMethod:
    """The method of a request and what it adds to its address in a key."""

    name: str = ""
    """In capitals; empty: GET."""
    query: str = ""
    """What the body says, of POST and PUT."""

    def addition(self, url: str) -> str:
        """What stands behind the address in a key; nothing for GET."""
        if not self.name:
            return ""
        query = f"&{self.query}" if self.query else ""
        return f"{'&' if '?' in url else '?'}__wb_method={self.name}{query}"


GET = RequestMethod()


def request_method(request: bytes) -> RequestMethod:
    """The method of a request, given as sent: head and body. What can't be read counts as GET."""
    line = _METHOD.match(request)
    if line is None:
        return GET
    method = line[1].decode("ascii").upper()
    if method not in _WITH_BODY:
        return GET if method == "GET" else RequestMethod(method)
    end = _HEAD_END.search(request)
    head, body = (request[: end.start()], request[end.end() :]) if end else (request, b"")
    return RequestMethod(method, _query(_content_type(head), body)[:_LONGEST])


def _content_type(head: bytes) -> str:
    for line in head.split(b"\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return value.strip().decode("latin-1")
    return ""


def _query(mime: str, body: bytes) -> str:
    if mime.startswith("application/x-www-form-urlencoded"):
        try:
            return unquote_plus(body.decode("utf-8"))
        except UnicodeDecodeError:
            return _binary(body)
    if mime.startswith("multipart/"):
        pairs = _parts(mime, body)
        return _binary(body) if pairs is None else urlencode(pairs, doseq=True)
    if mime.startswith(("application/json", "text/plain")):
        try:
            return urlencode(_fields(body))
        except (ValueError, RecursionError):
            return "" if mime.startswith("application/json") else _binary(body)
    return _binary(body)


def _binary(body: bytes) -> str:
    return f"__wb_post_data={base64.b64encode(body).decode('ascii')}"


def _fields(body: bytes) -> dict[str, str]:
    """Names and values of a JSON document, or of one per line, at any depth. Raises ValueError."""
    try:
        documents = [json.loads(body)]
    except json.JSONDecodeError:
        if b"\n" not in body:
            raise
        documents = [json.loads(line) for line in body.split(b"\n")]
    fields: dict[str, str] = {}
    repeated: dict[str, int] = {}
    for name, value in (pair for document in documents for pair in _leaves(document, "")):
        if name in fields:
            repeated[name] = repeated.get(name, 1) + 1
            name = f"{name}.{repeated[name]}_"
        fields[name] = value
    return fields


def _leaves(value: object, name: str) -> Iterator[tuple[str, str]]:
    """What in a document is neither object nor list, each with the name it has nearest."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    elif name:
        yield name, str(value)


def _parts(mime: str, body: bytes) -> list[tuple[str, str | bytes]] | None:
    """Names and values of a multipart form (RFC 7578); None when it names no boundary."""
    _, found, boundary = mime.partition("boundary=")
    boundary = boundary.split(";")[0].strip().strip('"')
    if not found or not boundary:
        return None
    pairs: list[tuple[str, str | bytes]] = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        if part.startswith(b"--"):
            break
        parameters = dict(_DISPOSITION.findall(head.decode("utf-8", "replace")))
        if "name" in parameters:
            pairs.append(
                (parameters["name"], value if parameters.get("filename") else value.decode("utf-8", "replace"))
            )
    return pairs
