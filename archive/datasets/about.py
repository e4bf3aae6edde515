"""Who made a data set, under which licence, and where it is published: what its user says of it."""

from __future__ import annotations

from pydantic import Field

from archive.manifests import StoredPart


class About(StoredPart):
    """What a citation says beside name, version and date."""

    title: str = ""
    """Empty: the name of the data set."""
    creators: tuple[str, ...] = ()
    """People as ``Family, Given``; organisations without a comma."""
    license: str = ""
    """SPDX identifier, such as ``CC-BY-4.0``, of the data set itself; the texts stay their publishers'."""
    doi: str = Field(default="", pattern=r"^(10\.\d{4,9}/\S+)?$")
    """Digital object identifier, without an address before it."""
    url: str = ""
    """Where it is published."""
