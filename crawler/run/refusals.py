"""What a run asked for and did not get: counted by site, and told where it is all of a site."""

from __future__ import annotations

from collections import Counter

from archive.exchange import CaptureOutcome
from crawler.run.run_state import RunState
from spiders.problems import Problem
from spiders.remedies import remedy_of_failure

TELLING = frozenset(
    outcome.value
    for outcome in (
        CaptureOutcome.FORBIDDEN,
        CaptureOutcome.CLIENT_ERROR,
        CaptureOutcome.TLS_FAILURE,
        CaptureOutcome.ROBOTS_DENIED,
        CaptureOutcome.ADDRESS_REFUSED,
        CaptureOutcome.REDIRECT,
    )
)
"""Outcomes of which the operator hears at once if all of a site's articles end so; single ones are to be expected."""


def not_captured(state: RunState) -> dict[str, dict[str, int]]:
    """Articles that did not come, by site and outcome of their last try."""
    counts: dict[str, Counter[str]] = {}
    for failed in state.counts.failed.values():
        counts.setdefault(failed.site, Counter())[failed.outcome] += 1
    return {site: dict(sorted(outcomes.items())) for site, outcomes in sorted(counts.items())}


def shut_sites(state: RunState) -> list[Problem]:
    """A problem for each site that refused every article that it was asked for, retries aside.

    A site is not shut if robots.txt forbids fewer articles than a source of it lists: the rest was requested before.
    """
    refused: dict[str, Counter[tuple[str, int]]] = {}
    examples: dict[str, str] = {}
    spared = {site for site, count in state.counts.came.items() if count}
    for address, failed in state.counts.failed.items():
        if address in state.findings.retried:
            continue
        if failed.outcome not in TELLING:
            spared.add(failed.site)
        refused.setdefault(failed.site, Counter())[failed.outcome, failed.status] += 1
        examples.setdefault(failed.site, address)
    denied = (CaptureOutcome.ROBOTS_DENIED.value, 0)
    for site, outcomes in refused.items():
        listed = max((one.articles for one in state.findings.sources if one.site == site), default=0)
        if set(outcomes) == {denied} and outcomes.total() < listed:
            spared.add(site)
    return [
        _problem(site, examples[site], outcomes) for site, outcomes in sorted(refused.items()) if site not in spared
    ]


def _problem(site: str, example: str, outcomes: Counter[tuple[str, int]]) -> Problem:
    (outcome, status), _ = outcomes.most_common(1)[0]
    parts = [f"{count} {name}{f' ({code})' if code else ''}" for (name, code), count in outcomes.most_common()]
    whole = outcomes.total()
    what = (
        f"the article asked for was refused: {parts[0]}"
        if whole == 1
        else (f"all {whole:,} articles asked for were refused: {', '.join(parts)}")
    )
    return Problem(site, example, what, remedy_of_failure(outcome, status), needs_operator=True)
