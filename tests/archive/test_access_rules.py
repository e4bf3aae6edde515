"""What a rule names it refuses, and nothing else, to the readers it is for, for as long as it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archive.access import AccessGate, add_rule, lift_key, lift_rule, rule_key, rules_in_force
from archive.access_rules import AccessLift, AccessRule, AccessRules, Restriction
from archive.address_match import Match
from archive.clock_and_ids import FixedClockAndIds
from archive.errors import AccessRefused, BadAddress, DamagedArchive
from archive.holdings import Holdings
from archive.storage.local import LocalStorage

MADE = datetime(2031, 5, 1, tzinfo=UTC)
HOSTS = ("tide.example", "www.tide.example", "blog.tide.example", "othertide.example", "tide.example:8080")
PATHS = ("/", "/a", "/ab", "/a/", "/a/b", "/a?x=1", "/b")
ADDRESSES = st.builds(lambda host, path: f"https://{host}{path}", st.sampled_from(HOSTS), st.sampled_from(PATHS))
MOMENTS = st.integers(0, 12).map(lambda hours: MADE + timedelta(hours=hours))


def rule(number: int = 1, restriction: Restriction = Restriction.BLOCKED, **facts: object) -> AccessRule:
    values = {"id": f"r{number:03d}", "restriction": restriction, "reason": "asked for", "date": MADE, **facts}
    if restriction is Restriction.EMBARGOED:
        values.setdefault("until", MADE + timedelta(days=1))
    return AccessRule.model_validate(values)


@st.composite
def rules(draw: st.DrawFn) -> list[AccessRule]:
    count = draw(st.integers(0, 5))
    ends = st.none() | MOMENTS
    return [
        rule(
            number,
            restriction := draw(st.sampled_from(Restriction)),
            address=(address := draw(st.just("") | ADDRESSES)),
            match=draw(st.sampled_from(Match)),
            hosts=() if address else draw(st.sampled_from([(), ("tide.example",), ("blog.tide.example",)])),
            captured_since=draw(ends),
            captured_until=draw(ends),
            until=draw(MOMENTS if restriction is Restriction.EMBARGOED else ends),
        )
        for number in range(count)
    ]


def bare(url: str) -> tuple[str, str]:
    """Host with a port that is not the usual one, and the path without a slash at its end, as a person reads them."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/") or "/"
    return parts.netloc.removeprefix("www."), path + (f"?{parts.query}" if parts.query else "")


def names(one: AccessRule, url: str) -> bool:
    """Whether a rule names an address, told from the parts of both."""
    host, path = bare(url)
    alone = host.partition(":")[0]
    if one.hosts:
        return any(alone == known or alone.endswith(f".{known}") for known in one.hosts)
    if not one.address:
        return True
    wanted, beginning = bare(one.address)
    if one.match is Match.EXACT:
        return (host, path) == (wanted, beginning)
    if one.match is Match.PREFIX:
        if one.address.endswith("/") and beginning != "/":
            beginning += "/"
        return host == wanted and path.startswith(beginning)
    if ":" in wanted:
        return host == wanted
    below = one.match is Match.DOMAIN and alone.endswith(f".{wanted}")
    return alone == wanted or below


@given(rules(), ADDRESSES, st.none() | MOMENTS, MOMENTS, st.booleans())
def test_a_reader_is_refused_what_a_rule_in_force_names(
    known: list[AccessRule], url: str, captured: datetime | None, now: datetime, is_local: bool
) -> None:
    refusing = [
        one
        for one in known
        if names(one, url)
        and (captured is None or one.captured_since is None or captured >= one.captured_since)
        and (captured is None or one.captured_until is None or captured < one.captured_until)
        and (one.until is None or now < one.until)
        and not (one.restriction is Restriction.LOCAL and is_local)
    ]
    told = AccessRules(known).refusal(url, captured, now, is_local=is_local)
    assert (told is None) == (not refusing)
    if told is not None:
        strictest = min(refusing, key=lambda one: (list(Restriction).index(one.restriction), one.id))
        assert told == strictest


@given(rules(), ADDRESSES, MOMENTS, MOMENTS)
def test_more_rules_never_open_anything(known: list[AccessRule], url: str, captured: datetime, now: datetime) -> None:
    for is_local in (True, False):
        for end in range(len(known)):
            if AccessRules(known[:end]).refusal(url, captured, now, is_local=is_local):
                assert AccessRules(known).refusal(url, captured, now, is_local=is_local)


def test_a_fraction_of_a_second_changes_nothing() -> None:
    one = AccessRules([rule(captured_until=MADE)])
    late = MADE - timedelta(seconds=1) + timedelta(microseconds=900_000)
    assert one.refusal("http://tide.example/", late, MADE, is_local=True)
    assert not one.refusal("http://tide.example/", MADE + timedelta(microseconds=1), MADE, is_local=True)


@pytest.mark.parametrize(
    "facts", [{"restriction": "embargoed", "until": None}, {"captured_since": "2031-01-01T00:00:00"}]
)
def test_a_rule_that_makes_no_sense_is_refused(facts: dict[str, object]) -> None:
    values = {"id": "r", "restriction": "blocked", "reason": "", "date": MADE, **facts}
    with pytest.raises(ValidationError):
        AccessRule.model_validate(values)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


def test_an_embargo_opens_by_itself_and_a_lift_ends_a_rule(storage: LocalStorage) -> None:
    clock, url = FixedClockAndIds(), "https://tide.example/a"
    end = MADE + timedelta(hours=3)
    add_rule(storage, rule(1, Restriction.EMBARGOED, address="tide.example", until=end), clock)
    add_rule(storage, rule(2, address=url, match=Match.EXACT), clock)
    before = AccessGate(rules_in_force(storage), lambda: end - timedelta(seconds=1))
    after = AccessGate(rules_in_force(storage), lambda: end)
    assert not before.lets("https://tide.example/b", MADE)
    assert after.lets("https://tide.example/b", MADE)
    with pytest.raises(AccessRefused, match="r002: asked for"):
        after.require(url, MADE)
    lift_rule(storage, AccessLift(rule="r002", reason="settled", date=MADE), clock)
    assert AccessGate(rules_in_force(storage), lambda: end).lets(url, MADE)
    assert before.lines() == [f"1 withheld, embargoed until {end:%Y-%m-%d %H:%M} UTC by access rule r001: asked for"]


def test_a_rule_is_lifted_once_and_only_if_it_is_there(storage: LocalStorage) -> None:
    lift = AccessLift(rule="r001", reason="settled", date=MADE)
    with pytest.raises(BadAddress, match="no access rule"):
        lift_rule(storage, lift, FixedClockAndIds())
    add_rule(storage, rule(1), FixedClockAndIds())
    lift_rule(storage, lift, FixedClockAndIds())
    with pytest.raises(BadAddress, match="lifted before"):
        lift_rule(storage, lift, FixedClockAndIds())
    assert not rules_in_force(storage)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"not json", rule(1, address="").to_bytes().replace(b"blocked", b"open")]
)
def test_a_damaged_rule_opens_nothing(storage: LocalStorage, data: bytes) -> None:
    add_rule(storage, rule(1), FixedClockAndIds())
    (storage.root / rule_key("r001")).write_bytes(data)
    with pytest.raises(DamagedArchive, match="r001"):
        AccessGate.of(storage)


def test_a_rule_that_vanishes_is_a_fault(storage: LocalStorage) -> None:
    add_rule(storage, rule(1), FixedClockAndIds())
    lift_rule(storage, AccessLift(rule="r001", reason="settled", date=MADE), FixedClockAndIds())
    assert not list(Holdings.of(storage).check(storage))
    storage.delete(rule_key("r001"))
    storage.delete(lift_key("r001"))
    assert [fault.key for fault in Holdings.of(storage).check(storage)] == [lift_key("r001"), rule_key("r001")]


def test_what_a_reader_on_this_machine_alone_may_have() -> None:
    known = AccessRules([rule(1, Restriction.LOCAL, hosts=("tide.example",))])
    assert known.refusal("https://tide.example/", MADE, MADE, is_local=False)
    assert not known.refusal("https://tide.example/", MADE, MADE, is_local=True)
    assert not AccessGate(known, lambda: MADE, is_local=True).refusing
    assert AccessGate(known, lambda: MADE, is_local=False).refusing
