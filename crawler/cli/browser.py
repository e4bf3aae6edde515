"""``newswarc browser login``: the profile of a login, with which a site's pages are opened in a browser."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from archive.counted import counted
from crawler.browser.installed import missing_for_browser
from crawler.browser.profiles import parse_profile, write_profile
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import SitesOption, reads_archive
from crawler.config import display_variables

browser = typer.Typer(name="browser", help="Manage the logins of pages in a browser.", no_args_is_help=True)


@browser.callback()
def _group() -> None:
    """Manage the logins of pages in a browser."""


@browser.command("login")
@reads_archive
def login(
    context: ArchiveContext,
    name: Annotated[str, typer.Argument(metavar="SITE", help="Name of the site's definition.")],
    storage_state: Annotated[
        Path | None,
        typer.Option("--storage-state", metavar="FILE", help="Take a login that Playwright has saved to this file."),
    ] = None,
    directories: SitesOption = None,
) -> int:
    """Log in to a site by hand, in a window of Chromium, and keep its cookies and local storage.

    They are kept in the state directory, readable by its owner alone, and used to open the site's pages in a
    browser if its definition names the profile.
    """
    site = context.with_sites(directories).catalog.find(name)
    profile = site.access.profile or site.id.rpartition("/")[2]
    configuration, console = context.configuration, context.console()
    if storage_state is not None:
        found = _read(storage_state)
    else:
        found = _from_window(configuration.browser_program, site.url, console)
    path = write_profile(configuration.state_directory, profile, found)
    cookies, hosts = counted(len(found["cookies"]), "cookie"), counted(len(found["origins"]), "host")
    console.print(f"kept {cookies} and the local storage of {hosts}: {path}", markup=False)
    if not site.access.profile:
        console.print(
            f'to use them, add this to the definition of {site.id}:\n[access]\nprofile = "{profile}"', markup=False
        )
    return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        return parse_profile(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{path}: {error}; give a file that Playwright has saved with storage_state()") from error


def _from_window(program: str, url: str, console: Console) -> dict[str, Any]:
    if lacks := missing_for_browser():
        raise UsageError(lacks)
    from crawler.browser.login import profile_from_window

    display = display_variables()
    if not display:
        raise UsageError(
            "there is no display to open a window on; log in on another machine, and give the login with "
            "--storage-state FILE"
        )
    console.print(f"log in at {url}, then close the window", markup=False)
    try:
        return parse_profile(json.dumps(asyncio.run(profile_from_window(program, url, display))))
    except ValueError as error:
        raise UsageError(f"nothing was kept: {error}; log in before you close the window") from error
