"""What recurs on a site's pages is learned, and kept out of their texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.rules import EarlierRules, ExtractionRules
from pipelines.site_memory import RECURS, SiteMemory, digest_of
from tests.pipelines.test_extract import FETCHED, PARAGRAPHS, article_of, page

PLEA = "This paper lives by its readers; whoever can, please give us five a month."


def story(number: int) -> list[str]:
    return [f"In part {part} of story {number} something else is told at length, as always." for part in "abcd"]


def taught(count: int) -> SiteMemory:
    memory = SiteMemory()
    for number in range(count):
        memory.learn(f"https://example.org/{number}", [*story(number), PLEA])
    return memory


def test_what_three_articles_have_recurs() -> None:
    assert taught(RECURS - 1).recurring() == ()
    assert taught(RECURS).recurring() == (digest_of(PLEA),)
    assert digest_of(PLEA.upper().replace(";", " -")) == digest_of(PLEA)


def test_the_same_article_again_is_no_other_one() -> None:
    memory = taught(RECURS - 1)
    for _ in range(5):
        for number in range(RECURS - 1):
            memory.learn(f"https://example.org/{number}", [*story(number), PLEA])
    assert memory.recurring() == ()


def test_subheadings_recur_by_right() -> None:
    memory = SiteMemory()
    for number in range(10):
        memory.learn(f"https://example.org/{number}", [*story(number), "The background"])
    assert memory.recurring() == ()


def test_a_story_told_again_teaches_nothing() -> None:
    memory = taught(1)
    for number in range(10):
        assert not memory.learn(f"https://example.org/again-{number}", [*story(0), f"Update {number} of the desk."])
    assert memory.recurring() == ()


def test_it_is_bounded_and_forgets_the_oldest() -> None:
    memory = taught(RECURS)
    for number in range(2_000):
        memory.learn(f"https://example.org/more-{number}", story(1_000 + number))
    assert len(memory.to_lines().splitlines()) <= 1_001
    assert memory.recurring() == (digest_of(PLEA),)
    assert digest_of(story(2_999)[0]) in memory.to_lines()
    assert digest_of(story(0)[0]) not in memory.to_lines()


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.lists(st.sampled_from(story(1) + story(2) + [PLEA])))))
def test_it_is_read_as_it_was_written(lessons: list[tuple[str, list[str]]]) -> None:
    memory = SiteMemory()
    for address, paragraphs in lessons:
        memory.learn(address, paragraphs)
    again = SiteMemory(memory.to_lines())
    assert again.to_lines() == memory.to_lines()
    assert again.recurring() == memory.recurring()


def test_what_recurs_is_no_text() -> None:
    html = page(after=f"<p>{PLEA}</p>")
    known = ExtractionRules(recurring=(digest_of(PLEA),))
    assert PLEA in article_of(html).paragraphs
    assert article_of(html, rules=known).paragraphs == PARAGRAPHS


def test_a_text_that_recurs_for_the_most_part_is_left_alone() -> None:
    known = ExtractionRules(recurring=tuple(digest_of(text) for text in PARAGRAPHS[:2]))
    assert article_of(page(), rules=known).paragraphs == PARAGRAPHS


def test_rules_carry_it_and_keep_their_digest_without() -> None:
    plain = ExtractionRules()
    assert b"recurring" not in plain.canonical_json()
    known = plain.model_copy(update={"recurring": (digest_of(PLEA),)})
    assert known.digest() != plain.digest()
    assert ExtractionRules.model_validate_json(known.canonical_json()) == known
    former = EarlierRules(valid_until=FETCHED.date(), language="en")
    assert known.model_copy(update={"earlier": (former,)}).at(FETCHED).recurring == known.recurring
