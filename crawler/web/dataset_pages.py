"""Pages on data sets: those that there are, and making one of what a search means."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from starlette.responses import RedirectResponse, Response

from archive.datasets.reading import names, newest_version
from archive.errors import BadAddress
from archive.search.query import parse, written
from crawler.web.answering import Asked
from crawler.web.crawl_control import NotNow
from crawler.web.dataset_making import DatasetJob, DatasetMaking
from crawler.web.roles import Role

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_LONGEST_QUERY = 8_000
_LONGEST_TITLE = 300


def datasets_page(asked: Asked) -> Response:
    """The newest version of each data set, and what becomes of the one that is being made."""
    storage, making = asked.reader.storage, asked.services.datasets
    rows = [manifest for name in names(storage) if (manifest := newest_version(storage, name)) is not None]
    may_curate = asked.visitor.may(Role.CURATE)
    return asked.page("datasets.html", rows=rows, making=_making(making) if may_curate and making.job else None)


def make_dataset(asked: Asked) -> Response:
    """Make a data set of what a query means."""
    name, title = asked.form.get("name", "").strip(), " ".join(asked.form.get("title", "").split())
    query = asked.form.get("query", "")
    if not _NAME.fullmatch(name):
        raise BadAddress("name: letters, digits, - and _, at most 80, and a letter or digit first")
    if len(query) > _LONGEST_QUERY or len(title) > _LONGEST_TITLE or not title.isprintable():
        raise BadAddress(f"a query has at most {_LONGEST_QUERY} characters, a title {_LONGEST_TITLE}")
    job = DatasetJob(name, written(parse(query)))
    now = asked.services.now()
    asked.services.audit.note(asked.visitor, "data set made", now, name=name, query=job.query)
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC: asked for from the web by {asked.visitor.name or asked.visitor.client}"
    try:
        asked.services.datasets.start(job, title, told)
    except NotNow as error:
        asked.services.audit.note(asked.visitor, "data set not made", now, name=name, reason=str(error))
        raise
    return RedirectResponse("/datasets", HTTPStatus.SEE_OTHER)


def _making(making: DatasetMaking) -> dict[str, Any]:
    return {
        "job": making.job,
        "is_running": making.is_running,
        "code": making.code,
        "progress": making.progress,
        "said": making.said(),
    }
