"""What a run provides to its spider: the sites, and functions to ask and report about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from spiders.links import same_site
from spiders.reading import SourceReader
from spiders.requisites.collection import Wishes
from spiders.shapes import UNKNOWN, Shapes
from spiders.site import Site, site_of_address


class RunSites(Mapping[str, Site]):
    """The sites of one run, by name. Whoever holds it sees each change."""

    def __init__(self, definitions: Iterable[Site]) -> None:
        self._sites = {site.id: site for site in definitions}
        self._left_out: list[Site] = []

    def __getitem__(self, name: str) -> Site:
        return self._sites[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sites)

    def __len__(self) -> int:
        return len(self._sites)

    def of_page(self, url: str) -> Site:
        """The site that a page belongs to; one is added when none does. Raises ValueError for no web address."""
        known = next((site for site in self._sites.values() if same_site(url, site)), None)
        site = known or site_of_address(url)
        if any(same_site(url, left_out) for left_out in self._left_out):
            raise ValueError("another run is crawling its site; try again when it has finished")
        return self._sites.setdefault(site.id, site)

    def leave_out(self, name: str) -> None:
        """A site is not crawled in this run."""
        self._left_out.append(self._sites.pop(name))

    def remember(self, name: str, recurring: tuple[str, ...]) -> None:
        """What recurs on a site's pages is known from earlier runs (see `Site.knowing`)."""
        self._sites[name] = self._sites[name].knowing(recurring)


def _unknown_shapes(_site: str) -> Shapes:
    return UNKNOWN


def _pass_over(_site: str, _name: str, _language: str) -> None:
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
    note_front: Callable[[str, str, str], None] = _pass_over
    """Told of each front page: its site, and the name and language that it gives itself."""
