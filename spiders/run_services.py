"""What a run provides to its spider: the sites, and functions to ask and report about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from spiders.links import domain_of, registered_domain
from spiders.problems import Problem
from spiders.reading import SourceReader
from spiders.requisites.collection import Wishes
from spiders.shapes import UNKNOWN, Shapes
from spiders.site import Site, site_of_address


class BusySite(Exception):
    """Another run is crawling the site."""


class RunSites(Mapping[str, Site]):
    """The sites of one run, by name: all are known before it begins. Whoever holds it sees each change."""

    def __init__(self, definitions: Iterable[Site]) -> None:
        self._sites = {site.id: site for site in definitions}
        self._by_domain = {registered_domain(site.host): site.id for site in reversed(self._sites.values())}

    def __getitem__(self, name: str) -> Site:
        return self._sites[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sites)

    def __len__(self) -> int:
        return len(self._sites)

    def of_page(self, url: str) -> Site:
        """The site whose registered domain a page is on. Raises BusySite, and LookupError when the run has none."""
        name = self._by_domain[domain_of(url)]
        if name not in self._sites:
            raise BusySite("another run is crawling its site")
        return self._sites[name]

    def leave_out(self, name: str) -> None:
        """A site is not crawled in this run."""
        del self._sites[name]

    def remember(self, name: str, recurring: tuple[str, ...]) -> None:
        """What recurs on a site's pages is known from earlier runs (see `Site.knowing`)."""
        self._sites[name] = self._sites[name].knowing(recurring)


def with_sites_of(urls: Iterable[str], definitions: Sequence[Site]) -> tuple[tuple[Site, ...], dict[str, str]]:
    """Definitions, with a site for each registered domain of pages that has none; and what is wrong with the other
    URLs, by URL.
    """
    sites = {registered_domain(site.host): site for site in reversed(definitions)}
    more, wrong = list[Site](), dict[str, str]()
    for url in urls:
        try:
            if (domain := domain_of(url)) not in sites:
                more.append(sites.setdefault(domain, site_of_address(url)))
        except ValueError as error:
            wrong[url] = str(error)
    return (*definitions, *more), wrong


def _unknown_shapes(_site: str) -> Shapes:
    return UNKNOWN


def _pass_over(_site: str, _name: str, _language: str) -> None:
    return


def _pass_by(_site: str) -> None:
    return


def _pass_problem(_problem: Problem) -> None:
    return


@dataclass(frozen=True, slots=True)
class SpiderServices:
    """Given to a spider once, before it starts. A spider without a run has the defaults."""

    sites: RunSites
    reader: SourceReader | None = None
    """Reads large sources; None: the spider reads them itself."""
    requisites: Wishes = field(default_factory=Wishes)
    """Which requisites are wanted."""
    shapes_of: Callable[[str], Shapes] = _unknown_shapes
    """What is known of the forms of a site's addresses."""
    note_old: Callable[[str], None] = _pass_by
    """Told of each site that lists only what is old."""
    note_idle: Callable[[Problem], None] = _pass_problem
    """Told of a source that leads to nothing, which matters only if a site has no other."""
    note_front: Callable[[str, str, str], None] = _pass_over
    """Told of each front page: its site, and the name and language that it gives itself."""
