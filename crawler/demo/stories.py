"""The newspaper's stories, in three editions."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

LANGUAGES = ("en", "ar", "fr")


@dataclass(frozen=True, slots=True)
class Story:
    """One story in one language."""

    id: int
    language: str
    section: str
    published: str
    """ISO 8601 with zone."""
    image: str
    """Stem of its picture's file."""
    slug: str
    headline: str
    author: str
    summary: str
    body: tuple[str, ...]
    body_before_correction: tuple[str, ...] = ()
    """The text of the first version, when the story was corrected later."""
    correction: str = ""

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/stories/{self.language}/{self.id}-{self.slug}"


def load_stories() -> list[Story]:
    """All stories, oldest first, English before Arabic before French."""
    data = tomllib.loads(files("crawler.demo").joinpath("stories.toml").read_text(encoding="utf-8"))
    return [_story(entry, language) for entry in data["story"] for language in LANGUAGES]


def _story(entry: dict[str, object], language: str) -> Story:
    edition = entry[language]
    assert isinstance(edition, dict)
    return Story(
        id=int(str(entry["id"])),
        language=language,
        section=str(entry["section"]),
        published=str(entry["published"]),
        image=str(entry["image"]),
        slug=edition["slug"],
        headline=edition["headline"],
        author=edition["author"],
        summary=edition["summary"],
        body=tuple(edition["body"]),
        body_before_correction=tuple(edition.get("body_before_correction", ())),
        correction=edition.get("correction", ""),
    )
