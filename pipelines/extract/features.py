"""The measurements of each text block of a page: the rows from which the block model judges.

A row holds numbers only, in the order of `names`. None depends on a language's words but those of
`phrases`, which tell what stands beside articles in the languages of most news sites.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.extract.blocks import AROUND, Block, PlacedElement
from pipelines.extract.class_words import KINDS
from pipelines.extract.phrases import PHRASES, phrases_of

Matrix = NDArray[np.float32]

_LONGEST_PHRASE = 250

_SENTENCE_END = re.compile(r"[.!?。！？…؟।][\"'”’»)]?(?:\s|$)")
_ENDS_SENTENCE = re.compile(r"[.!?。！？…؟।;][\"'”’»)\]]*$")
_ENDING = frozenset(".!?。！？…؟।;\"'”’»)]")
"""What the last letter of a text may be in which `_ENDS_SENTENCE` is found."""
_WORDS = re.compile(r"\w+")
_NO_WORDS = bytes(byte for byte in range(128) if re.match(rb"\W", bytes([byte])))
"""ASCII's characters that are part of no word."""
_UPPER, _DIGITS = string.ascii_uppercase.encode(), string.digits.encode()
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")

_TAGS = ("p", "h1", "h2 h3", "h4 h5 h6", "li", "blockquote", "td th", "div", "figcaption caption", "dt dd", "pre")
_TAG_NUMBER = {tag: number for number, tags in enumerate(_TAGS) for tag in tags.split()}
_SAMPLE = 200
"""Characters of a block in which capitals and digits are counted."""
_NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
_FAR = 50
_GOOD_WORDS, _GOOD_LINKED = 12, 0.35
_LEAST_BODY = 300
"""Characters from which a declared body counts as one."""

_TEXT = (
    "length words word_length linked sentences ends_sentence ends_colon commas capitals digits emphasised"
    " starts_upper starts_lower quotes bars after_break".split()
)
_CONTAINER = (
    "good_own good_parent good_grandparent parent_density grandparent_density away climb like like_share".split()
)
_POSITION = "position behind_title is_behind_title text_before good_before good_after depth".split()
_DECLARED = "in_body has_body in_description is_title repeats".split()
_PAGE = "page_blocks page_good_share page_good".split()


def squeeze(text: str) -> str:
    """A text without what is no word character, in lower case: what is compared."""
    if text.isascii():
        return text.encode("ascii").translate(None, _NO_WORDS).lower().decode("ascii")
    return "".join(_WORDS.findall(text)).lower()


@dataclass(frozen=True, slots=True)
class Declared:
    """What a page says of its article, squeezed."""

    titles: str = ""
    description: str = ""
    body: str = ""


def names(voters: Sequence[str]) -> list[str]:
    """Names of the columns, given those of the voters."""
    return [
        *_TEXT,
        *(f"says_{name}" for name in PHRASES),
        *(f"tag_{tags.split()[0]}" for tags in _TAGS),
        *(f"around_{name}" for name in AROUND),
        *(f"{whose}_{kind}" for whose in ("own", "parent", "grandparent", "above") for kind in KINDS),
        *_CONTAINER,
        *_POSITION,
        *(f"{what}{offset:+d}" for offset in _NEIGHBOURS for what in ("length", "linked", "sibling", "same_tag")),
        *_DECLARED,
        *_PAGE,
        *(f"{voter}_{what}" for voter in voters for what in ("has", "line", "share")),
    ]


def rows(blocks: Sequence[Block], declared: Declared, votes: Mapping[str, str] | None = None) -> Matrix:
    """A row for each block. `votes` are texts that other extractors found, by their name."""
    return Rows(blocks, declared).with_votes(votes or {})


class Rows:
    """The rows of a page, of which all but the votes are measured once."""

    def __init__(self, blocks: Sequence[Block], declared: Declared) -> None:
        self.blocks = blocks
        self._squeezed = [squeeze(block.text) for block in blocks]
        self._plain = _plain_rows(blocks, self._squeezed, declared)

    def with_votes(self, votes: Mapping[str, str]) -> Matrix:
        """A row for each block, with columns for texts that other extractors found, by their name."""
        if not votes:
            return self._plain
        if not self.blocks:
            return np.zeros((0, len(names(tuple(votes)))), dtype=np.float32)
        columns = [_vote(self._squeezed, text) for text in votes.values()]
        return np.concatenate([self._plain, *columns], axis=1, dtype=np.float32)


def _plain_rows(blocks: Sequence[Block], squeezed: list[str], declared: Declared) -> Matrix:
    if not blocks:
        return np.zeros((0, len(names(()))), dtype=np.float32)
    page = _Measured(blocks)
    parts = [
        page.text_columns(),
        _phrases(blocks),
        page.tag_columns(),
        _bits(page.around, len(AROUND)),
        *(_bits(page.kinds[whose], len(KINDS)) for whose in range(4)),
        page.container_columns(),
        page.position_columns(squeezed, declared),
        page.neighbour_columns(),
        _declared_columns(squeezed, declared),
        page.page_columns(),
    ]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _phrases(blocks: Sequence[Block]) -> Matrix:
    found = np.zeros((len(blocks), len(PHRASES)), dtype=np.float32)
    short = [number for number, block in enumerate(blocks) if len(block.text) <= _LONGEST_PHRASE]
    if short:
        found[short] = phrases_of([blocks[number].text for number in short])
    return found


def _bits(masks: NDArray[np.int64], count: int) -> Matrix:
    return (masks[:, None] >> np.arange(count) & 1).astype(np.float32)


def _declared_columns(squeezed: list[str], declared: Declared) -> Matrix:
    has_body = len(declared.body) > _LEAST_BODY
    times = Counter(squeezed)
    return np.array(
        [
            [
                len(text) > 3 and text in declared.body,
                has_body,
                len(text) > 15 and (text in declared.description or declared.description[:60] in text)
                if declared.description
                else False,
                len(text) > 6 and text in declared.titles,
                times[text] > 1,
            ]
            for text in squeezed
        ],
        dtype=np.float32,
    )


def _vote(squeezed: list[str], text: str) -> Matrix:
    """Whether a voter's text has the block, whether as a line of its own, and how much of the page it took."""
    lines = {squeeze(line) for line in text.split("\n")}
    whole = squeeze(text)
    share = len(whole) / (sum(map(len, squeezed)) + 1)
    return np.array([[line in whole, line in lines, share] for line in squeezed], dtype=np.float32)


class _Measured:
    """What is counted once for a page."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._count = len(blocks)
        self._length = np.array([len(block.text) for block in blocks], dtype=np.float64)
        self._linked = np.minimum(1, np.array([block.linked for block in blocks]) / self._length)
        self._words = np.array([_word_count(block.text) for block in blocks], dtype=np.float64)
        self._good = (self._words >= _GOOD_WORDS) & (self._linked < _GOOD_LINKED)
        self._good_length = np.where(self._good, self._length, 0)
        self._all_good = float(self._good_length.sum()) or 1.0
        places = [block.place for block in blocks]
        self._places = places
        self._parents = [place.parent for place in places]
        self._grandparents = [parent.parent if parent else None for parent in self._parents]
        self.around = np.array([place.around for place in places], dtype=np.int64)
        kinds = [
            [place.words for place in places],
            [parent.words if parent else 0 for parent in self._parents],
            [parent.words if parent else 0 for parent in self._grandparents],
            [place.words_above for place in places],
        ]
        self.kinds = np.array(kinds, dtype=np.int64)
        self._tags = np.array([_TAG_NUMBER.get(place.tag, -1) for place in places])

    def text_columns(self) -> Matrix:
        """Columns of `_TEXT`."""
        measured = np.array([_text_measures(block) for block in self._blocks], dtype=np.float64)
        sampled = np.minimum(self._length, _SAMPLE)
        shares = [measured[:, 4] / sampled, measured[:, 5] / sampled, measured[:, 6] / self._length]
        columns = [
            np.log1p(self._length),
            np.log1p(self._words),
            self._length / (self._words + 1),
            self._linked,
            *measured[:, :3].T,
            measured[:, 3] / (self._words + 1),
            *shares,
            *measured[:, 7:].T,
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def tag_columns(self) -> Matrix:
        """One column a tag."""
        matches = self._tags[:, None] == np.arange(len(_TAGS))
        return np.asarray(matches, dtype=np.float32)

    def container_columns(self) -> Matrix:
        """How much of the good text stands in the elements around a block."""
        over = [parent.parent if parent else None for parent in self._grandparents]
        lines = (self._places, self._parents, self._grandparents, over)
        numbers = [np.array([place.number if place else -1 for place in line]) + 1 for line in lines]
        good = _sums(numbers, self._good_length)
        held = _sums(numbers, self._length)
        holders = np.array([_holder(place).number for place in self._places]) + 1
        direct = _sums([holders], self._good_length, len(good))
        # Lengths are whole numbers: their sums are the same in any order
        most = self._good & (direct[holders] == direct.max())
        best = int(holders[most.argmax()]) - 1 if most.any() else -1
        own, above, beyond = numbers[:3]
        like, like_good = self._like()
        columns = [
            direct[own] / self._all_good,
            direct[above] / self._all_good,
            direct[beyond] / self._all_good,
            good[above] / (held[above] + 1),
            good[beyond] / (held[beyond] + 1),
            *_steps(self._places, best),
            like,
            like_good / self._all_good,
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def _like(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """How many blocks are marked up as each is, and the good text in them."""
        known: dict[object, int] = {}
        signatures = ((place.tag, place.words, place.css_class) for place in self._places)
        kinds = np.array([known.setdefault(signature, len(known)) for signature in signatures])
        return np.bincount(kinds)[kinds].astype(np.int64), np.bincount(kinds, weights=self._good_length)[kinds]

    def position_columns(self, squeezed: list[str], declared: Declared) -> Matrix:
        """Where a block stands on the page."""
        title = next((at for at, place in enumerate(self._places) if place.tag == "h1"), -1)
        if title < 0:
            title = next((at for at, text in enumerate(squeezed) if len(text) > 15 and text in declared.titles), -1)
        index = np.arange(self._count)
        before = np.cumsum(self._length) - self._length
        columns = [
            index / max(1, self._count),
            np.clip(index - title, -99, 200) if title >= 0 else np.full(self._count, -99),
            (index > title) & (title >= 0),
            before / (self._length.sum() + 1),
            _since_good(self._good),
            _since_good(self._good[::-1])[::-1],
            [place.depth for place in self._places],
        ]
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)

    def neighbour_columns(self) -> Matrix:
        """Length, links and kinship of the blocks before and behind."""
        parents = np.array([parent.number if parent else -1 for parent in self._parents])
        logs = np.log1p(self._length)
        columns: list[NDArray[np.float64]] = []
        for offset in _NEIGHBOURS:
            columns += [
                shifted(logs, offset, 0),
                shifted(self._linked, offset, 0),
                shifted(parents, offset, -2) == parents,
                shifted(self._tags, offset, -2) == self._tags,
            ]
        return np.stack(columns, axis=1).astype(np.float32)

    def page_columns(self) -> Matrix:
        """The same for all blocks of the page."""
        share = self._all_good / (self._length.sum() + 1)
        line = [self._count, share, np.log1p(self._all_good)]
        return np.tile(np.array(line, dtype=np.float32), (self._count, 1))


def _word_count(text: str) -> int:
    spaced = text.count(" ") + 1
    if text.isascii() or len(text) < spaced * 10:
        return spaced
    return spaced + len(_WIDE.findall(text)) // 2


def _text_measures(block: Block) -> tuple[float, ...]:
    text = block.text
    first, last, sample = text[0], text[-1], text[:_SAMPLE]
    is_ascii = text.isascii()
    if is_ascii:  # most texts, and of ASCII bytes are counted faster than letters
        encoded = sample.encode("ascii")
        capitals = len(encoded) - len(encoded.translate(None, _UPPER))
        digits = len(encoded) - len(encoded.translate(None, _DIGITS))
    else:
        capitals, digits = sum(map(str.isupper, sample)), sum(map(str.isdigit, sample))
    may_end = not is_ascii or "." in text or "!" in text or "?" in text
    return (
        len(_SENTENCE_END.findall(text)) if may_end else 0,
        last in _ENDING and _ENDS_SENTENCE.search(text[-6:]) is not None,
        last in ":：",
        text.count(",") if is_ascii else text.count(",") + text.count("،") + text.count("、"),
        capitals,
        digits,
        block.emphasised,
        first.isupper(),
        first.islower(),
        first in "\"'“”„«»‘’「『",
        text.count("|") if is_ascii else text.count("|") + text.count("•") + text.count("»") + text.count("·"),
        block.after_break,
    )


def _holder(place: PlacedElement) -> PlacedElement:
    """The element that holds the paragraphs, of one of them."""
    return place.parent if place.tag in ("p", "li", "blockquote", "td") and place.parent else place


def _sums(numbers: Sequence[NDArray[np.int64]], weights: NDArray[np.float64], least: int = 0) -> NDArray[np.float64]:
    """The weights of all blocks by number; what has number 0 counts nowhere."""
    sums = np.bincount(np.concatenate(numbers), weights=np.tile(weights, len(numbers)), minlength=least)
    sums[0] = 0
    return np.asarray(sums, dtype=np.float64)


def _steps(places: Sequence[PlacedElement], best: int) -> tuple[list[int], list[int]]:
    """How far each place is below the nearest element around the best container, and how far that is above it."""
    current = next(
        (one for place in places for one in (place, place.parent) if one is not None and one.number == best), None
    )
    known: dict[int, tuple[int, int]] = {}
    while current is not None:
        known[current.number] = (0, len(known))
        current = current.parent
    found = [_away_and_climb(place, known) for place in places]
    return [away for away, _ in found], [climb for _, climb in found]


def _away_and_climb(place: PlacedElement, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """The same of one place; what is found out about those around it is known for the next."""
    passed: list[int] = []
    current: PlacedElement | None = place
    while current is not None and current.number not in known:
        passed.append(current.number)
        current = current.parent
    away, climb = known[current.number] if current is not None else (0, _FAR)
    for number in reversed(passed):
        away += 1
        known[number] = (away, climb)
    return away, climb


def _since_good(good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Blocks since the last good one, at most `_FAR`."""
    index = np.arange(len(good))
    last = np.maximum.accumulate(np.where(good, index, -_FAR))
    return np.asarray(np.minimum(_FAR, index - last), dtype=np.int64)


def shifted(values: NDArray[np.float64], offset: int, outside: float) -> NDArray[np.float64]:
    """Values of the blocks so far behind (or before) each, `outside` where there is none."""
    result = np.full_like(values, outside)
    if abs(offset) >= len(values):
        return result
    if offset > 0:
        result[:-offset] = values[offset:]
    else:
        result[-offset:] = values[:offset]
    return result
