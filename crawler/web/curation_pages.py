"""Pages for archivists: access rules, collections, redactions, fixity, what is missing, who changed what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from typing import Any

from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from archive.access import add_rule, lift_rule, new_rule_id, stored_lifts, stored_rules
from archive.access_rules import AccessLift, AccessRule, Restriction
from archive.address_match import Match
from archive.clock_and_ids import SystemClockAndIds
from archive.collection import (
    DUBLIN_CORE,
    Collection,
    CollectionScope,
    collection,
    collections,
    store_collection,
    stored_collection,
)
from archive.errors import ArchiveError, BadAddress, ObjectMissing
from archive.fixity import fixity_history
from archive.holdings import REDACTIONS
from archive.period import moment_of
from archive.search.engine import SearchUnavailable
from archive.search.query import Everything
from archive.search.searching import Order
from crawler.keeping.unpublished import unpublished
from crawler.web.answering import Asked
from crawler.web.roles import Role

_MOST = 500
_NOTED = 100
_LONGEST_TEXT = 2_000


def access_page(asked: Asked) -> Response:
    """The access rules. What they name is told to curators alone: others would learn what is withheld."""
    return _access(asked)


def add_access_rule(asked: Asked) -> Response:
    """Withhold captures from now on."""
    clock, form = SystemClockAndIds(), _Form(asked)
    try:
        rule = AccessRule(
            id=new_rule_id(clock),
            restriction=Restriction(form.text("restriction")),
            address=_required_address(form.text("address")),
            match=Match(form.text("match") or Match.PREFIX),
            captured_since=form.moment("captured_since"),
            captured_until=form.moment("captured_until"),
            until=form.moment("until"),
            reason=form.required("reason"),
            by=_by(asked),
            date=clock.now(),
        )
    except (ValidationError, ValueError, BadAddress) as error:
        return _access(asked, _said(error), HTTPStatus.BAD_REQUEST)
    _noted(asked, "access rule added", rule=rule.id, restriction=rule.restriction, address=rule.address)
    add_rule(asked.reader.storage, rule, clock)
    asked.reader.refresh()
    return RedirectResponse("/access", HTTPStatus.SEE_OTHER)


def lift_access_rule(asked: Asked) -> Response:
    """End a rule."""
    clock, form = SystemClockAndIds(), _Form(asked)
    try:
        lift = AccessLift(rule=form.required("rule"), reason=form.required("reason"), by=_by(asked), date=clock.now())
        _noted(asked, "access rule lifted", rule=lift.rule)
        lift_rule(asked.reader.storage, lift, clock)
    except (ValueError, BadAddress) as error:
        return _access(asked, _said(error), HTTPStatus.BAD_REQUEST)
    asked.reader.refresh()
    return RedirectResponse("/access", HTTPStatus.SEE_OTHER)


def _access(asked: Asked, problem: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
    storage, now = asked.reader.storage, datetime.now(UTC)
    lifts = stored_lifts(storage)
    rows: list[dict[str, Any]] = []
    for rule in stored_rules(storage):
        holds = rule.id not in lifts and rule.refuses_at(now, is_local=False)
        rows.append({"rule": rule, "lift": lifts.get(rule.id), "holds": holds})
    rows.sort(key=lambda row: not row["holds"])
    return asked.page(
        "access.html",
        status,
        rows=rows[:_MOST],
        problem=problem,
        may_curate=asked.visitor.may(Role.CURATE),
        form=asked.form,
        restrictions=list(Restriction),
        matches=list(Match),
    )


def collections_page(asked: Asked) -> Response:
    """The collections."""
    found = [one for one in collections(asked.reader.storage) if not one.removed]
    return asked.page("collections.html", collections=found, may_curate=asked.visitor.may(Role.CURATE))


def collection_page(asked: Asked) -> Response:
    """One collection, and for curators a form to change it."""
    return _collection(asked, asked.path("name"))


def save_collection(asked: Asked) -> Response:
    """Make a collection, or a new version of it."""
    clock, form, name = SystemClockAndIds(), _Form(asked), asked.path("name")
    storage = asked.reader.storage
    try:
        # The name is checked before a key is made of it
        made = Collection(
            name=name,
            number=1,
            scope=CollectionScope(
                sites=form.lines("sites"),
                addresses=form.lines("addresses"),
                captured_since=form.moment("captured_since"),
                captured_until=form.moment("captured_until"),
            ),
            dublin_core=form.elements("dublin_core"),
            date=clock.now(),
            by=_by(asked),
            removed=form.text("removed"),
        )
        before = stored_collection(storage, name)
        made = made.model_copy(update={"number": before.number + 1 if before is not None else 1})
        _noted(asked, "collection removed" if made.removed else "collection saved", name=name, number=made.number)
        store_collection(storage, made, clock)
    except (ValidationError, ValueError, BadAddress) as error:
        return _collection(asked, name, _said(error), HTTPStatus.BAD_REQUEST)
    return RedirectResponse("/collections" if made.removed else f"/collection/{name}", HTTPStatus.SEE_OTHER)


def new_collection(asked: Asked) -> Response:
    """From the name in a form to the page on which the collection is described."""
    name = _Form(asked).text("name")
    try:
        Collection(name=name, number=1, scope=CollectionScope(), date=datetime.now(UTC))
    except ValidationError as error:
        raise BadAddress(_said(error)) from error
    return RedirectResponse(f"/collection/{name}", HTTPStatus.SEE_OTHER)


def _collection(asked: Asked, name: str, problem: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
    may_curate = asked.visitor.may(Role.CURATE)
    found: Collection | None = None
    try:
        Collection(name=name, number=1, scope=CollectionScope(), date=datetime.now(UTC))
        found = collection(asked.reader.storage, name)
    except ValidationError as error:
        raise ObjectMissing(_said(error)) from error
    except BadAddress as error:
        if not may_curate:
            raise ObjectMissing(f"{name}: no collection of this name") from error
    return asked.page(
        "collection.html",
        status,
        name=name,
        collection=found,
        problem=problem,
        may_curate=may_curate,
        elements=DUBLIN_CORE,
        form=asked.form,
    )


def redactions_page(asked: Asked) -> Response:
    """What was removed for good, when and why. The addresses are told to curators alone."""
    return asked.page("redactions.html", rows=list(_redactions(asked)), may_curate=asked.visitor.may(Role.CURATE))


def _redactions(asked: Asked) -> Iterator[dict[str, Any]]:
    storage = asked.reader.storage
    keys = [item.key for item in storage.list(REDACTIONS) if not item.key.startswith(f"{REDACTIONS}begun/")]
    for key in islice(reversed(keys), _MOST):
        with storage.open_range(key) as stream:
            try:
                facts = json.loads(stream.read())
            except ValueError:
                continue
        if isinstance(facts, dict):
            captures = facts.get("captures")
            yield {
                "date": str(facts.get("date", "")),
                "reason": str(facts.get("reason", "")),
                "by": str(facts.get("by", "")),
                "asked": str(facts.get("asked", "")),
                "count": len(captures) if isinstance(captures, list) else 0,
            }


def fixity_page(asked: Asked) -> Response:
    """What each verification found, newest first. The details are for those who mend it: they may name addresses."""
    results = list(fixity_history(asked.reader.storage))
    may_know = asked.visitor.may(Role.CURATE) or asked.visitor.may(Role.OPERATE)
    return asked.page("fixity.html", results=results[: -_MOST - 1 : -1], may_know=may_know)


def missing_page(asked: Asked) -> Response:
    """What the archive lacks: of attempts and pages why, of segments which."""
    contents, reader = asked.reader.contents, asked.reader
    spool = reader.configuration.state_directory / "spool"
    waiting = unpublished(spool, reader.configuration.segment_age, datetime.now(UTC)).parts if spool.is_dir() else []
    try:
        not_indexed = reader.search(Everything(), limit=0, order=Order.NEWEST).missing
    except (SearchUnavailable, ArchiveError):
        not_indexed = 0
    return asked.page(
        "missing.html",
        outcomes=contents.outcomes.most_common(),
        page_outcomes=contents.page_outcomes.most_common(),
        without_records=contents.without_records[:_MOST],
        without_capture=contents.without_capture[:_MOST],
        damaged=contents.damaged[:_MOST],
        waiting=waiting,
        not_indexed=not_indexed,
    )


def audit_page(asked: Asked) -> Response:
    """Who changed what through the web, the newest first."""
    if not asked.visitor.may(Role.CURATE):
        asked.require(Role.OPERATE)
    text = asked.parameters.get("before", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 16):
        raise BadAddress(f"before: {text[:30]!r} is not a place in the log")
    found = asked.services.audit.newest(_NOTED, int(text) if text else None)
    return asked.page("audit.html", lines=found.lines, older=found.start)


class _Form:
    """Fields of a form. Its methods raise ValueError with what is wrong, for a person."""

    def __init__(self, asked: Asked) -> None:
        self._fields = asked.form

    def text(self, name: str) -> str:
        """A field without the space around it."""
        text = self._fields.get(name, "").strip()
        if len(text) > _LONGEST_TEXT and "\n" not in text:
            raise ValueError(f"{name}: at most {_LONGEST_TEXT} characters")
        return text

    def required(self, name: str) -> str:
        """A field that has to be given."""
        text = self.text(name)
        if not text:
            raise ValueError(f"{name}: it is missing; it is kept with the change")
        return text

    def moment(self, name: str) -> datetime | None:
        """A date; None when it is not given."""
        text = self.text(name)
        moment = moment_of(text) if text else None
        if text and moment is None:
            raise ValueError(f"{name}: {text!r} is not a date; write 2026-11-24")
        return moment.replace(microsecond=0) if moment is not None else None

    def lines(self, name: str) -> tuple[str, ...]:
        """Those that are not empty."""
        return tuple(line.strip() for line in self._fields.get(name, "").splitlines() if line.strip())

    def elements(self, name: str) -> dict[str, tuple[str, ...]]:
        """Lines ``element: value``, values by element."""
        found: dict[str, tuple[str, ...]] = {}
        for line in self.lines(name):
            element, colon, value = line.partition(":")
            if not colon or not value.strip():
                raise ValueError(f"{line!r}: write a line as `title: The storm of November`")
            key = element.strip().lower()
            found[key] = (*found.get(key, ()), value.strip())
        return found


def _required_address(text: str) -> str:
    if not text:
        raise ValueError("address: give one; rules for whole sites and dates are made by `newswarc access`")
    return text


def _by(asked: Asked) -> str:
    return asked.visitor.name or asked.services.configuration.contact


def _noted(asked: Asked, act: str, **details: object) -> None:
    """First the log, then the act: nothing is changed that the log does not tell."""
    asked.services.audit.note(asked.visitor, act, asked.services.now(), **details)


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
    return str(error)
