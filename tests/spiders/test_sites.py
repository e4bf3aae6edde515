"""Site definitions: strict, and each fault is one line that names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiders.catalog import BUNDLED, SiteCatalog, SiteError, read_site
from spiders.links import clean_address, is_article, looks_like_article, looks_like_section, same_site
from spiders.site import Site, SourceKind, site_of_address

GOOD = """
name = "The Mole"
url = "https://www.example.org/"
language = "en"
timezone = "Asia/Beirut"
frequency = "15m"
delay = 2.5

[[sources]]
kind = "feed"
url = "https://www.example.org/feed"

[urls]
allow = ['/stories/\\d+']
deny = ['/stories/\\d+/print']

[extraction]
minimum_words = 30

[floors]
articles = 3

[access]
headers = { X-Key = "env:MOLE_KEY" }
cookies = { consent = "yes" }
"""


def definition(directory: Path, text: str) -> Path:
    path = directory / "xx" / "mole.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_definition_is_read(tmp_path: Path) -> None:
    definition(tmp_path, GOOD)
    site = SiteCatalog([tmp_path]).find("xx/mole")
    assert site == SiteCatalog([tmp_path]).find("mole")
    assert (site.id, site.name, site.host, site.frequency_seconds) == ("xx/mole", "The Mole", "www.example.org", 900)
    rules = site.extraction_rules()
    assert (rules.language, rules.timezone, rules.site_names, rules.minimum_words) == (
        "en",
        "Asia/Beirut",
        ("The Mole",),
        30,
    )


@pytest.mark.parametrize(
    ("change", "key", "word"),
    [
        (("language", "langauge"), "langauge", "unknown key"),
        (("minimum_words = 30", "minimum = 30"), "extraction.minimum", "unknown key"),
        (("/stories/\\d+'", "/stories/(\\d+'"), "urls.allow", "not a regular expression"),
        (('"https://www.example.org/feed"', '"www.example.org/feed"'), "sources.0.url", "not a URL"),
        (('url = "https://www.example.org/"', 'url = "mailto:x"'), "url", "not a URL"),
        (('"feed"', '"fed"'), "sources.0.kind", "'feed', 'sitemap' or 'section'"),
        (("15m", "15 minutes"), "frequency", "not a duration"),
        (("Asia/Beirut", "Lebanon/Beirut"), "timezone", "not a time zone"),
        (("articles = 3", "articles = -3"), "floors.articles", "greater than or equal to 0"),
        (("minimum_words = 30", 'body = ["div[["]'), "extraction.body", "not a CSS selector"),
        (('name = "The Mole"', ""), "name", "missing"),
        (("[floors]", "[floors"), "", "not valid TOML"),
        (("delay", 'id = "x/y"\ndelay'), "id", "remove the key"),
    ],
)
def test_each_fault_names_file_and_key(tmp_path: Path, change: tuple[str, str], key: str, word: str) -> None:
    path = definition(tmp_path, GOOD.replace(*change))
    with pytest.raises(SiteError) as caught:
        site = SiteCatalog([tmp_path]).find("mole")
        site.extraction_rules()
    message = str(caught.value)
    assert message.startswith(f"{path}: {key}")
    assert word in message
    assert "\n" not in message


def test_names_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="no such definition"):
        SiteCatalog().find("nosuch")
    with pytest.raises(SiteError, match="no such directory"):
        SiteCatalog([tmp_path / "nothing"]).find("lemonde")
    for country in ("aa", "bb"):
        (tmp_path / country).mkdir()
        (tmp_path / country / "post.toml").write_text('name = "P"\nurl = "https://p.example/"')
    with pytest.raises(SiteError, match="aa/post, bb/post"):
        SiteCatalog([tmp_path]).find("post")


def test_an_operators_definition_comes_before_the_bundled_one(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "lemonde.toml").write_text('name = "Mine"\nurl = "https://www.lemonde.fr/"')
    assert SiteCatalog([tmp_path]).find("lemonde").name == "Mine"


@pytest.mark.parametrize("path", sorted(BUNDLED.rglob("*.toml")), ids=lambda path: path.stem)
def test_bundled_definitions(path: Path) -> None:
    site = read_site(path, path.relative_to(BUNDLED).with_suffix("").as_posix())
    assert site.evidence, "an address is taken from somewhere"
    assert site.language
    assert site.timezone
    assert site.sources
    assert not site.verified or site.evidence
    for source in site.sources:
        assert source.kind in SourceKind


def test_many_languages_are_bundled() -> None:
    sites = list(SiteCatalog().all())
    assert len(sites) >= 10
    assert {"ar", "en", "fr", "ja", "zh", "de", "es", "tr"} <= {site.language for site in sites}
    assert {"lb/naharnet-en", "lb/naharnet-ar"} <= {site.id for site in sites}


def test_naharnets_articles() -> None:
    english, arabic = SiteCatalog().find("naharnet-en"), SiteCatalog().find("naharnet-ar")
    address = "https://www.naharnet.com/stories/en/322021-some-words-of-a-headline"
    assert is_article(address, english, announced=True)
    assert not is_article(address, arabic, announced=True)
    assert not is_article("https://www.naharnet.com/tags/lebanon", english, announced=False)


SITE = Site(id="x", name="x", url="https://www.example.org/")


@pytest.mark.parametrize(
    ("path", "article"),
    [
        ("/2026/01/05/quay", True),
        ("/stories/en/1001-night-ferry-returns", True),
        ("/news/world-africa-55698811", True),
        ("/politics/the-quay-wall-is-to-be-raised", True),
        ("/a1234567/index.html", True),
        ("/politics", False),
        ("/", False),
        ("/tag/the-quay-wall-of-the-town", False),
        ("/author/a-name-of-four-words", False),
        ("/images/2026/01/05/a-picture-of-the-quay.jpg", False),
        ("/login?next=/2026/01/05/quay", False),
    ],
)
def test_the_form_of_an_articles_address(path: str, article: bool) -> None:
    assert looks_like_article(f"https://www.example.org{path}") is article


@pytest.mark.parametrize(
    ("url", "section"),
    [
        ("https://www.example.org/politics", True),
        ("https://www.example.org/en/harbour/", True),
        ("https://www.example.org/a/b/c/d", False),
        ("https://www.example.org/contact", False),
        ("https://other.example.org/politics", False),
        ("https://www.example.org/2026/01/05/a-story-of-a-quay", False),
        ("https://www.example.org/style.css", False),
    ],
)
def test_the_form_of_a_sections_address(url: str, section: bool) -> None:
    assert looks_like_section(url, SITE) is section


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://Example.org/a?utm_source=x&id=1#top", "https://example.org/a?id=1"),
        ("https://example.org/a?id=1&x=%2F", "https://example.org/a?id=1&x=%2F"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/قصة", "https://example.org/%D9%82%D8%B5%D8%A9"),
        ("mailto:x@example.org", None),
        ("http://[x", None),
        ("", None),
        ("https://example.org/" + "a" * 3000, None),
    ],
)
def test_one_form_for_each_address(url: str, clean: str | None) -> None:
    assert clean_address(url) == clean


def test_sites_are_registered_domains() -> None:
    assert same_site("https://m.example.org/x", SITE)
    assert not same_site("https://example.com/x", SITE)
    assert same_site("http://127.0.0.1:9/x", site_of_address("http://127.0.0.1:8/"))
    assert not same_site("https://b.co.uk/", site_of_address("https://a.co.uk/"))
