"""The date that a page shows near its heading, for pages that declare none.

Only lines near the heading are read, and only whole dates in figures or with the name of a month in the page's
language or English. What is labelled as a change is no publication. Figures whose order cannot be told are no date:
``05/04/2022`` on an English page is either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise

from lxml.html import HtmlElement

from pipelines.extract.blocks import Block
from pipelines.extract.document import text_of
from pipelines.extract.exclusions import is_comment
from pipelines.extract.headline import squeeze
from pipelines.extract.written_days import WrittenDay, days_in, plain_figures

_BEFORE = 3
_BEHIND = 8
"""Blocks around the heading."""
_LONGEST = 160
"""Characters of a line that may be a date line."""
_LEVELS = {"h1": 0, "h2": 1, "h3": 2}
_ENDS = (".", "!", "?", "。", "।", "؟")
_WORDS_OF_SENTENCE = 9
_LONGEST_DATE_LINE = 80
_WORDS_OF_DATE_LINE = 9
_NEAR = 48
"""Characters before a date in which a label is looked for."""
_CHANGED = re.compile(
    r"(?i)updated?\b|edited\b|amended|corrected\b|aggiornament|atualiza|actualiza|修改|编辑于"
    r"|수정|갱신|به‌روز|आखिरी अपडेट|अपडेट"
    r"|oppdater|päivite|cập nhật|diperbarui|ажурира|ažurira|изменен|оновлен|zmodyfikowan|aktualizac|módosít|frissít|"
    r"עודכן|עדכון|"
    r"modified|revised|reviewed|aktualisiert|geändert|stand\b|mise? à jour|màj\b|modifié|actualizad|"
    r"aggiornat|atualizad|bijgewerkt|gewijzigd|uppdatera|oppdatert|opdateret|päivitetty|güncelle|обновлен|"
    r"zaktualizowan|ενημέρωση|تحديث|更新|registriert|registered|joined|member since|mitglied seit|gültig seit|valid"
)
_PUBLISHED = re.compile(
    r"(?i)\W*(?:datum|date|fecha|data|dato|дата|تاريخ|تاریخ|tarih|日付|日期)\s?[:：]"
    r"|\W*(?:first )?(?:published|posted|veröffentlicht|erschienen|publié|publicado|pubblicato|gepubliceerd"
    r"|publicerad|publisert|udgivet|julkaistu|opublikowan|опубликован|yayınlan|δημοσιεύ|نشر|公開|发布|發布)"
)
_PUBLISHED_ANYWHERE = re.compile(
    r"(?i)published|posted|veröffentlicht|erschienen|erstellt|publié|publicad|pubblicat|geplaatst|opublikowan|опубликован"
    r"|yayınlan|نشر|公開|掲載|发布|發布"
)
_PUBLISHED_BEHIND = re.compile(
    r"(?i).{0,60}\b(?:published|posted|veröffentlicht|gepostet|publié|publicado|pubblicato|gepubliceerd|geplaatst"
    r"|опубликован\w*|yayınlan\w*)"
)
_SIGNED = re.compile(r"(?i)\W*(?:author|autor\w*|auteur|autore|by|von|par|por|di|door)\b")
_DATELINE = re.compile(r"(.{6,24}?)(?:\s+[–—-]\s|[.:]\s)|(.{6,60}?)\s\|\s|(\d{1,4}[./-]\d{1,2}[./-]\d{1,4})\s")
"""What a paragraph may begin with: at most 24 characters, and a mark behind them; or a day in figures."""
_RANGE = re.compile(r"[-–~～]\d{1,2}(?![\d:])")
_JOINS = re.compile(
    r"\W*(?:[-–—~～]|\b(?:bis|to|until|till|through|and|au|al|a|até|do|tot|t/m|til|till|по|до|إلى|から)\b)\W*", re.I
)
"""What stands between the first and the last day of something that lasts."""


_RIGHTS = re.compile(r"(?i)\W*(?:copyright|©|\(c\))")
_OTHER_LABEL = re.compile(r"[^\d:：]{3,40}[:：]\s*(?=\S)")
_OF_OTHERS = re.compile(
    r"(?i)\brepl(?:y|ies)\b|\breactions?\b|user-react|\bguestbook|teaser|\brelated|\barchives?\b|\btop-?bar\b|\bmasthead\b"
    r"|(?:current|today)-?date|\bbio\b|(?<![\w-])caption(?![\w-])|(?:image|photo|picture|figure|media|wp)[-_]?caption"
)
"""Classes and ids of what does not belong to the article, unless they hold its heading."""
_MOST_AROUND = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """A day that stands beside a heading."""

    day: str
    """In ISO 8601."""
    is_labelled: bool
    """Whether it is called the day of publication."""


def date_beside_heading(blocks: Sequence[Block], headline: str, language: str | None) -> Shown | None:
    """The day shown nearest to the heading."""
    place = _heading(blocks, headline)
    if place is None:
        return None
    around = sorted(range(-_BEFORE, _BEHIND + 1), key=lambda step: (abs(step), -step))
    for step in around:
        number = place + step
        line = _line(blocks[number]) if step and 0 <= number < len(blocks) else ""
        for day in _days(line, language or ""):
            return Shown(day.isoformat(), _PUBLISHED.match(line) is not None)
    return None


def date_elsewhere(blocks: Sequence[Block], language: str | None) -> Shown | None:
    """The day that lines all over the page call the publication's, or that stands in them alone; of comments, none.

    One day only: where lines tell several, they are those of other articles.
    """
    labelled, alone = set(), set()
    for block in blocks:
        if (
            len(block.text) > _LONGEST_DATE_LINE
            or is_comment(block.place)
            or is_of_others(block.place.element)
            or block.linked > len(block.text) / 2
        ):
            continue
        line = plain_figures(block.text)
        for day in _days(line, language or ""):
            if _PUBLISHED.match(line) or _PUBLISHED_BEHIND.match(line) or _SIGNED.match(line):
                labelled.add(day)
            elif len(line.split()) <= _WORDS_OF_DATE_LINE and _is_date_line(line):
                alone.add(day)
            break
    for days in (labelled, alone):
        if len(days) == 1:
            return Shown(days.pop().isoformat(), days is labelled)
    return None


def _is_date_line(line: str) -> bool:
    """Whether a line is about no more than its day: no sentence, and no label that is not the publication's."""
    return not line.endswith(_ENDS) and not _RIGHTS.match(line) and not _OTHER_LABEL.match(line)


def is_of_others(place: HtmlElement) -> bool:
    """Whether an element belongs to readers' answers, to a picture, or to what a page shows of other articles."""
    return any(
        one.tag in ("figure", "figcaption") or _OF_OTHERS.search(f"{one.get('class') or ''} {one.get('id') or ''}")
        for one in islice((place, *place.iterancestors()), _MOST_AROUND)
        if one.tag not in ("body", "html", "main", "article") and not _goes_with_heading(one)
    )


def _goes_with_heading(element: HtmlElement) -> bool:
    """Whether an element holds a main heading, or stands beside one."""
    beside = (element.getprevious(), element.getnext())
    return any(one is not None and one.tag == "h1" for one in beside) or next(element.iter("h1"), None) is not None


def is_of_change(element: HtmlElement) -> bool:
    """Whether what stands before a time, in the element around it, calls it that of a change."""
    around = element.getparent()
    if around is None:
        return False
    before = [around.text or ""]
    for one in around:
        if one is element:
            break
        before.append(f"{text_of(one) if isinstance(one.tag, str) else ''} {one.tail or ''}")
    line = " ".join(" ".join(before).split())[-_NEAR:]
    label = max((match.start() for match in _CHANGED.finditer(line)), default=-1)
    return (
        label >= 0 and _PUBLISHED_ANYWHERE.search(line, label) is None and not any(map(str.isdecimal, line[label:]))
    )


def _line(block: Block) -> str:
    """What of a block may be a date line: all of a short one, the dateline that a paragraph begins with.

    No comment, no notice of rights, and no sentence: the days in it are those that it tells of.
    """
    if is_comment(block.place) or is_of_others(block.place.element):
        return ""
    text = plain_figures(block.text[: 2 * _LONGEST])
    if _RIGHTS.match(text):
        return ""
    if len(text) <= _LONGEST:
        is_sentence = text.endswith(_ENDS) and len(text.split()) >= _WORDS_OF_SENTENCE
        is_label = _PUBLISHED.match(text) or _PUBLISHED_BEHIND.match(text)
        return "" if is_sentence and not is_label else text
    dateline = _DATELINE.match(text)
    return next(filter(None, dateline.groups()), "") if dateline is not None else ""


def _heading(blocks: Sequence[Block], headline: str) -> int | None:
    """Where the heading stands: of the lines that say the same the one of the highest level."""
    wanted = squeeze(headline)
    same = [number for number, block in enumerate(blocks) if squeeze(block.text) == wanted]
    same = same or [number for number, block in enumerate(blocks) if block.place.tag == "h1"][:1]
    return min(same, key=lambda number: _LEVELS.get(blocks[number].place.tag, len(_LEVELS)), default=None)


def _days(text: str, language: str) -> Iterator[date]:
    """The days in a line that are not labelled as days of a change, in the order of their forms."""
    all_found = list(days_in(text, language))
    of_ranges = _of_ranges(text, all_found)

    def ends_before(start: int) -> int:
        return max((day.end for day in all_found if day.end <= start), default=0)

    for found in all_found:
        is_range = found.start in of_ranges or _RANGE.match(text, found.end) is not None
        before = text[max(0, ends_before(found.start), found.start - _NEAR) : found.start]
        label = max((match.start() for match in _CHANGED.finditer(before)), default=-1)
        if not is_range and (label < 0 or _PUBLISHED_ANYWHERE.search(before, label)):
            yield found.day


def _of_ranges(text: str, found: Sequence[WrittenDay]) -> set[int]:
    """Where days begin that are the first or the last of several: an exhibition's, a journey's, no publication's."""
    ordered = sorted(found, key=lambda day: day.start)
    return {
        day.start
        for first, last in pairwise(ordered)
        if last.start > first.end and _JOINS.fullmatch(text[first.end : last.start])
        for day in (first, last)
    }
