"""What an access rule names is withheld by every command, by pywb, and from what is given away; nothing else is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.access import AccessGate, rules_in_force
from archive.access_rules import AccessRule, AccessRules, Restriction
from archive.address_match import Match
from archive.captures import iterate_records
from archive.errors import AccessRefused
from archive.history import history
from archive.library import articles, outcomes, read_page, segments
from archive.lookup import Lookup
from archive.period import moment_of
from archive.storage.local import LocalStorage
from archive.surt import surt_key
from archive.wacz_reading import WaczFile
from crawler.demo.stories import load_stories
from crawler.replay.listing import ArchiveListing
from crawler.replay.withholding import AccessControl, ReplayIndex
from tests.replay.conftest import CORRECTED, Archived, address
from tests.replay.tools import TOOLS, needs_pywb, replaying
from tests.support.processes import newswarc

OTHER = next(story for story in load_stories() if story.language == "en" and story is not CORRECTED)
NOW = datetime(2032, 1, 1, tzinfo=UTC)


@pytest.fixture
def place(newspaper: Archived, tmp_path: Path) -> Path:
    shutil.copytree(newspaper.place / "newswarc-data", tmp_path / "newswarc-data", copy_function=shutil.copy)
    return tmp_path


def withhold(place: Path, *arguments: str) -> Any:
    done = newswarc("access", *arguments, "--reason", "a court's order", "--json", cwd=place)
    assert done.code == 0, done.err
    return done.json()


def test_every_command_refuses_and_says_under_which_rule(place: Path, newspaper: Archived) -> None:
    url, open_url = address(newspaper.base, CORRECTED), address(newspaper.base, OTHER)
    rule = withhold(place, "block", url, "--match", "exact")
    assert rule["captures"] == len(newspaper.captured[url]) == 2
    told = f"blocked by access rule {rule['id']}: a court's order"
    for command in (["find"], ["show"], ["show", "--text"], ["show", "--wire"], ["history"], ["history", "--json"]):
        done = newswarc(command[0], url, *command[1:], cwd=place)
        assert done.code == 1, command
        assert told in " ".join(done.err.split()), command
        assert CORRECTED.body[0][:30] not in done.out
        assert newswarc(command[0], open_url, *command[1:], cwd=place).code == 0
    for command in (["records"], ["records", "--outcomes"], ["explain", url]):
        done = newswarc(*command, cwd=place)
        assert told in " ".join((done.out + done.err).split()), command
        assert not any(json.loads(line)["url"] == url for line in done.out.splitlines() if line.startswith("{"))
    assert newswarc("access", "list", cwd=place).out.count(told) == 1
    lifted = newswarc("access", "lift", rule["id"], "--reason", "settled", cwd=place)
    assert lifted.code == 0, lifted.err
    assert newswarc("show", url, "--text", cwd=place).code == 0
    assert newswarc("access", "list", cwd=place).out == ""
    assert "settled" in newswarc("access", "list", "--all", cwd=place).out


def test_of_an_address_the_captures_of_other_dates_stay_open(place: Path, newspaper: Archived) -> None:
    url = address(newspaper.base, CORRECTED)
    first, second = newspaper.captured[url]
    withhold(place, "block", url, "--captured-since", second)
    done = newswarc("find", url, "--json", cwd=place)
    assert [re.sub(r"\D", "", one["date"]) for one in done.lines()] == [first]
    assert "1 withheld" in done.err
    shown = newswarc("show", url, "--text", "--at", second, cwd=place)
    assert CORRECTED.body_before_correction[-1] in shown.out
    assert "1 withheld" in shown.err


@pytest.mark.parametrize("restriction", ["block", "local"])
def test_what_is_given_away_has_nothing_that_is_withheld(place: Path, newspaper: Archived, restriction: str) -> None:
    url = address(newspaper.base, CORRECTED)
    rule = withhold(place, "block", url, *(["--local-only"] if restriction == "local" else []))
    secret = CORRECTED.body[0].encode()
    assert newswarc("show", url, "--text", cwd=place).code == (0 if restriction == "local" else 1)
    for command in (["wacz", "-o", "x.wacz"], ["export", "warc", "-o", "x.warc.gz"]):
        done = newswarc(*command, cwd=place)
        assert done.code == 0, done.err
        assert rule["id"] in done.err
    packed = WaczFile(place / "x.wacz")
    assert url not in {page.url for page in packed.pages()}
    assert address(newspaper.base, OTHER) in {page.url for page in packed.pages()}
    assert surt_key(url).encode() not in packed.index()
    with (place / "x.warc.gz").open("rb") as stream:
        records = list(iterate_records(stream))
    assert url not in {record.target for record in records if record.kind in ("request", "response", "revisit")}
    assert not any(secret in record.block for record in records)


def test_a_revisit_whose_original_is_withheld_is_told_once(place: Path, newspaper: Archived) -> None:
    url = address(newspaper.base, OTHER)
    first, second = newspaper.captured[url]
    rule = withhold(place, "block", url, "--match", "exact", "--captured-until", second)
    assert rule["captures"] == 1
    for command in (["wacz", "-o", "x.wacz"], ["export", "warc", "-o", "x.warc.gz"]):
        done = newswarc(*command, cwd=place)
        told = " ".join(done.err.split())
        assert done.code == 0, told
        assert f"{url}: a revisit whose original is not in this archive, or withheld" in told
        assert "1 withheld, blocked" in told
    with (place / "x.warc.gz").open("rb") as stream:
        kept = [record for record in iterate_records(stream) if record.target == url]
    assert {record.kind for record in kept} >= {"revisit"}
    assert "response" not in {record.kind for record in kept}
    assert first not in {re.sub(r"\D", "", record.headers["WARC-Date"])[:14] for record in kept}


def test_python_is_no_way_around(place: Path, newspaper: Archived, tmp_path: Path) -> None:
    storage, url = LocalStorage(place / "newswarc-data"), address(newspaper.base, CORRECTED)
    record = next(one for one in articles(storage) if one.url == url)
    assert record.warc is not None
    before = len(list(articles(storage)))
    lookup = Lookup(storage, tmp_path / "index")
    lookup.refresh()
    entry = lookup.closest(url)
    withhold(place, "block", url)
    lookup.refresh()
    assert len(list(articles(storage))) == before - 2
    assert url not in {line.url for line in outcomes(storage)}
    assert history(storage, url) == []
    assert list(lookup.find(url)) == []
    assert entry is not None
    for reading in (lambda: read_page(storage, record.warc), lambda: lookup.read(entry), lambda: lookup.closest(url)):
        with pytest.raises(AccessRefused, match="a court's order"):
            reading()
    lookup.close()


def test_counts_of_the_start_page_leave_it_out(place: Path, newspaper: Archived, tmp_path: Path) -> None:
    storage = LocalStorage(place / "newswarc-data")
    lookup = Lookup(storage, tmp_path / "index")
    lookup.refresh()
    listing = ArchiveListing(lookup)
    total = sum(days.total() for days in listing.days().values())
    withhold(place, "block", address(newspaper.base, CORRECTED))
    lookup.refresh()
    assert sum(days.total() for days in listing.days().values()) == total - 2
    withhold(place, "block", "-", "--site", "127.0.0.1")
    lookup.refresh()
    site, day = (
        next((site, day) for site, days in listing.days().items() for day in days) if listing.days() else ("", "")
    )
    assert not site or list(listing.pages(site, day)) == []
    lookup.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["block", "http://a.example/"], "--reason"),
        (["block", "-", "--reason", "x"], "--site"),
        (["block", "http://a.example/", "--site", "a.example", "--reason", "x"], "--site"),
        (["embargo", "http://a.example/", "--until", "soon", "--reason", "x"], "'soon' is not a date"),
        (["block", "-", "--site", "nosuch", "--reason", "x"], "nosuch"),
        (["lift", "nosuch", "--reason", "x"], "no access rule"),
        (["lift", "nosuch"], "--reason"),
    ],
)
def test_mistakes_are_told(place: Path, arguments: list[str], said: str) -> None:
    done = newswarc("access", *arguments, cwd=place)
    assert done.code == 2
    assert said in done.err
    assert not rules_in_force(LocalStorage(place / "newswarc-data"))


# ---- pywb

KEYS = [
    "com,sea)/",
    "com,sea)/a",
    "com,sea)/ab",
    "com,sea)/a/b",
    "com,sea,blog)/a",
    "com,seal)/",
    "org,sea)/a",
    "com,sea:81)/a",
]
STAMPS = [f"2031010100000{second}" for second in range(10)]
DATES = st.none() | st.integers(1, 9).map(lambda second: datetime(2031, 1, 1, 0, 0, second, tzinfo=UTC))
RULES = st.lists(
    st.builds(
        lambda address, match, since, until: (address, match, since, until),
        st.sampled_from(["http://sea.com/", "http://sea.com/a", "http://sea.com/a/", "sea.com", "http://org.com", "sea.com:81"]),
        st.sampled_from(Match), DATES, DATES,
    ),
    max_size=5,
)  # fmt: skip


def made_rules(drawn: list[tuple[str, Match, datetime | None, datetime | None]]) -> AccessRules:
    return AccessRules(
        AccessRule(
            id=f"r{number}", restriction=Restriction.BLOCKED, address=url, match=match, captured_since=since,
            captured_until=until, reason="x", date=NOW,
        )
        for number, (url, match, since, until) in enumerate(drawn)
    )  # fmt: skip


def url_of(key: str) -> str:
    host, _, path = key.partition(")")
    name, _, port = host.partition(":")
    return f"http://{'.'.join(reversed(name.split(',')))}{f':{port}' if port else ''}{path}"


@given(RULES)
def test_pywb_is_never_told_to_refuse_what_is_open(drawn: list[Any]) -> None:
    rules = made_rules(drawn)
    control = AccessControl(rules)
    for key in KEYS:
        for stamp in STAMPS:
            moment = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            if control.blocks(key, stamp):
                assert rules.naming(url_of(key), moment)


PYWB_SAYS = """
import json, sys
from pywb.warcserver.access_checker import AccessChecker
for line in sys.stdin:
    file, cases = json.loads(line)
    checker = AccessChecker(file, "allow")
    said = []
    for url, key, stamp in cases:
        cdx = {"url": url, "urlkey": key, "timestamp": stamp}
        said.append(next(checker.wrap_iter(iter([cdx]), None))["access"])
    print(json.dumps(said), flush=True)
"""


@pytest.fixture(scope="module")
def pywb_judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    place = tmp_path_factory.mktemp("acl")
    process = subprocess.Popen(
        [TOOLS / "bin" / "python", "-W", "ignore", "-c", PYWB_SAYS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None

    def judge(text: str, cases: list[tuple[str, str, str]]) -> list[str]:
        assert process.stdin is not None
        assert process.stdout is not None
        (place / "x.aclj").write_text(text)
        process.stdin.write(json.dumps([str(place / "x.aclj"), cases]) + "\n")
        process.stdin.flush()
        said: list[str] = json.loads(process.stdout.readline())
        return said

    yield judge
    process.stdin.close()
    assert process.wait(30) == 0


@needs_pywb
@settings(max_examples=60)
@given(drawn=RULES)
def test_pywb_takes_the_file_as_it_is_meant(pywb_judge: Any, drawn: list[Any]) -> None:
    control = AccessControl(made_rules(drawn))
    cases = [(url_of(key), key, stamp) for key in KEYS for stamp in STAMPS]
    said = pywb_judge(control.text(), cases)
    assert said == ["block" if control.blocks(key, stamp) else "allow" for _, key, stamp in cases]


def status(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=60) as response:
            return response.status, response.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def collection_of(start: str) -> str:
    opener = urllib.request.build_opener(NoRedirect)
    try:
        opener.open(f"{start}search?url=http://x.example/")
    except urllib.error.HTTPError as error:
        return error.headers["Location"].partition("*/")[0]
    raise AssertionError("no redirect to the replay tool")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@needs_pywb
def test_pywb_shows_what_is_open_and_says_what_withholds_the_rest(place: Path, newspaper: Archived) -> None:
    blocked, dated = address(newspaper.base, OTHER), address(newspaper.base, CORRECTED)
    free = next(address(newspaper.base, one) for one in load_stories() if one not in (OTHER, CORRECTED))
    first, second = newspaper.captured[dated]
    rule = withhold(place, "block", blocked, "--match", "exact")
    one_second = f"{moment_of(first) + timedelta(seconds=1):%Y%m%d%H%M%S}"  # type: ignore[operator]
    bounded = withhold(place, "block", dated, "--captured-since", first, "--captured-until", one_second)
    with replaying("newswarc-data", place) as start:
        collection = collection_of(start)
        stamp = newspaper.captured[blocked][0]
        code, page = status(f"{collection}{stamp}mp_/{blocked}")
        assert code == 451
        _, told = status(re.search(r'href="(http[^"]+withheld[^"]+)"', page)[1])  # type: ignore[index]
        assert f"access rule {rule['id']}: a court&#x27;s order" in told
        assert status(f"{collection}{newspaper.captured[free][0]}mp_/{free}")[0] == 200
        # The only capture that is left of the address is the one of the other date
        code, page = status(f"{collection}{first}mp_/{dated}")
        assert (code, CORRECTED.body[-1] in page) == (200, True)
        assert bounded["captures"] == 1
        _, listed = status(f"{collection}cdx?url={quote(dated)}&output=json")
        assert [json.loads(line)["timestamp"] for line in listed.splitlines()] == [second]


def test_an_embargo_that_ends_opens_the_index_by_itself(place: Path, newspaper: Archived, tmp_path: Path) -> None:
    url = address(newspaper.base, CORRECTED)
    now = [NOW]
    withhold(place, "embargo", url, "--until", "2032-01-02")
    first, _ = newspaper.captured[url]
    withhold(
        place,
        "embargo",
        "-",
        "--captured-since",
        first,
        "--captured-until",
        f"{datetime.strptime(first, '%Y%m%d%H%M%S').replace(tzinfo=UTC) + timedelta(seconds=1):%Y%m%d%H%M%S}",
        "--until",
        "2032-01-03",
    )
    storage = LocalStorage(place / "newswarc-data")
    lookup = Lookup(storage, tmp_path / "index", AccessGate(rules_in_force(storage), lambda: now[0]))
    (tmp_path / "replay").mkdir()
    index = ReplayIndex(lookup, tmp_path / "replay")

    def captured(line: bytes) -> str:
        """The moment in a line of the index: a file's name in it may tell another one."""
        return line.split()[1].decode()

    def shown() -> tuple[int, bool]:
        index.refresh()
        lines = [line for file in index.files.glob("*.cdxj") for line in file.read_bytes().splitlines()]
        return sum(captured(line) == first for line in lines), surt_key(url) in index.acl.read_text()

    hidden = shown()
    assert hidden[1], "the address is blocked"
    now[0] = datetime(2032, 1, 2, tzinfo=UTC)
    assert shown() == (0, False), "nothing of that second is in the index"
    now[0] = datetime(2032, 1, 3, tzinfo=UTC)
    whole = sum(
        1
        for manifest in segments(storage)
        for line in storage.open_range(manifest.cdxj.key)
        if captured(line) == first
    )
    assert shown() == (whole, False)
    assert all(file.is_symlink() for file in index.files.glob("*.cdxj"))
    lookup.close()
