"""Records of different extractor generations are not compared: an upgrade changes no article."""

from __future__ import annotations

from archive.article import Article, ExtractionFacts
from crawler.cli.history import differences


def record(text: str, generation: str | None) -> Article:
    made = ExtractionFacts(tool="t", version=generation, config_hash="") if generation else None
    return Article(url="https://a.example/b", headline="The weir", article_body=text, extraction=made)


def shown(before: Article, after: Article) -> list[str]:
    return [line.plain.strip() for line in differences(before, after)]


def test_an_upgrade_shows_no_changes() -> None:
    before, after = record("The weir holds. Read also: the mill", "g0007"), record("The weir holds.", "g0008")
    assert shown(before, after) == ["… not compared: extracted by g0007 and g0008; newswarc extract makes both again"]
    assert shown(record("A", None), after)[0].startswith("… not compared: extracted by another program and g0008")


def test_one_generation_is_compared() -> None:
    assert shown(record("The weir holds.", "g0008"), record("The weir broke.", "g0008")) == [
        "… The weir The weir [-holds.-] {+broke.+}  …"
    ]
    assert shown(record("The weir holds.", "g0008"), record("The weir holds.", "g0008")) == []
