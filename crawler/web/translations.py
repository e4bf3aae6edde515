"""The texts of the pages in the languages of their readers: gettext catalogues in ``locale/``.

English is written in the templates. A catalogue is read as it is edited (``.po``); nothing has to be compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "en"
"""The language of the templates."""
_DIRECTORY = Path(__file__).with_name("locale")


@cache
def languages() -> tuple[str, ...]:
    """Languages with a catalogue, English first."""
    return (SOURCE, *sorted(path.stem for path in _DIRECTORY.glob("*.po")))


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language of `languages`. What it lacks is in English."""
    if language == SOURCE:
        return NullTranslations()
    with (_DIRECTORY / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def preferred(accepted: str, known: Sequence[str]) -> str:
    """The best of the known languages for an ``Accept-Language`` header (RFC 9110, section 12.5.4), or the first."""
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:500].split(",")):
        tag, _, parameters = part.strip().partition(";")
        ranked.append((-_quality(parameters), place, tag.strip().lower()))
    for quality, _, tag in sorted(ranked):
        language = tag.partition("-")[0]
        if quality < 0 and language in known:
            return language
    return known[0]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


@cache
def direction(tag: str) -> str:
    """``ltr`` or ``rtl`` for a language tag; ``auto`` when it is not known."""
    try:
        return str(Locale.parse(tag.replace("-", "_")).text_direction) if tag else "auto"
    except (UnknownLocaleError, ValueError, TypeError):
        language = tag.partition("-")[0]
        return direction(language) if language != tag else "auto"
