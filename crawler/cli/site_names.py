"""Finding a site's definition by name or front page."""

from __future__ import annotations

from crawler.cli.errors import UsageError
from spiders.catalog import SiteCatalog, SiteError
from spiders.site import Site, site_of_address


def site_of_name(name: str, catalog: SiteCatalog) -> Site:
    """The site of a front page's address or a definition's name. Raises UsageError or SiteError."""
    if "://" in name:
        return site_of_front_page(name)
    try:
        return catalog.find(name)
    except SiteError as error:
        if "." in name:
            message = f"no site is called {name!r}; if it is a URL, write https://{name}"
            raise UsageError(message) from error
        raise


def site_of_front_page(url: str) -> Site:
    """A site without a definition. Raises UsageError."""
    try:
        return site_of_address(url)
    except ValueError as error:
        message = str(error)
        raise UsageError(message if url in message else f"{url}: {message}; write https://host/") from error
