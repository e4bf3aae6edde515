"""Finding and reading site definitions: ``DIRECTORY/<cc>/<name>.toml``.

A site is named by ``cc/name``, or by ``name`` alone when only one country has it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from spiders.site import Site

BUNDLED = Path(__file__).parent / "sites"


class SiteError(Exception):
    """A definition is missing or wrong. The message names file, key and remedy. Nothing was started."""


class SiteCatalog:
    """The definitions of several directories; earlier directories come first."""

    def __init__(self, directories: Sequence[Path] = ()) -> None:
        """`directories` are the operator's own; the bundled definitions come last."""
        self._directories = [*directories, BUNDLED]

    def require_directories(self) -> None:
        """Raises SiteError for a directory that is not there: none of its sites would be known."""
        for directory in self._directories:
            if not directory.is_dir():
                remedy = "create it, or correct --sites or the setting `sites`"
                raise SiteError(f"{directory}: no such directory; {remedy}")

    def find(self, name: str) -> Site:
        """Read the definition of that name. Raises SiteError."""
        paths = self._paths()
        if name in paths:
            return read_site(paths[name], name)
        matching = [site_id for site_id in paths if site_id.rpartition("/")[2] == name]
        if len(matching) == 1:
            return read_site(paths[matching[0]], matching[0])
        if matching:
            raise SiteError(
                f"site {name!r}: exists for several countries; write one of {', '.join(sorted(matching))}"
            )
        raise SiteError(
            f"site {name!r}: no such definition; `newswarc sites` lists them, and --sites DIR adds your own"
        )

    def all(self, *, bundled: bool = True) -> Iterator[Site]:
        """All definitions by id, or the operator's own. Raises SiteError at the first that is wrong."""
        for site_id, path in sorted(self._paths(bundled=bundled).items()):
            yield read_site(path, site_id)

    def _paths(self, *, bundled: bool = True) -> dict[str, Path]:
        found: dict[str, Path] = {}
        self.require_directories()
        for directory in self._directories if bundled else self._directories[:-1]:
            for path in sorted(directory.rglob("*.toml")):
                found.setdefault(path.relative_to(directory).with_suffix("").as_posix(), path)
        return found


def read_site(path: Path, site_id: str) -> Site:
    """Read a definition. Raises SiteError."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise SiteError(f"{path}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{path}: can't be read: {error}") from error
    if "id" in values:
        raise SiteError(f"{path}: id: a site's id is its file's path; remove the key")
    try:
        return Site(id=site_id, **values)
    except ValidationError as error:
        raise SiteError(f"{path}: {_explained(error)}") from error


def _explained(error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key; remove it or check its spelling (docs/how-to/add-a-site.md lists all)"
    if fault["type"] == "missing":
        return f"{key}: missing; add it"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{key}: {message[:1].lower()}{message[1:]}"
