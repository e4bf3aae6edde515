"""Full-text search over made articles: building, size, queries, memory, from a directory and S3; beside SQLite FTS5.

    python -m benchmarks.search [--articles 1000000] [--work DIR] [--report docs/measurements/search.md]

Articles are made of words that are drawn by Zipf's law, a vocabulary for each of nine languages, 2.5 kB of text on
average, on 200 sites over a year, in segments of 5,000. A query's word is drawn from an article, so that frequent
words are asked for as often as people meet them. Nothing here is the text of any newspaper.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID

from archive.article import Article
from archive.derived import completed, lines_with_members
from archive.layout import SegmentName
from archive.manifests import file_sha256
from archive.publishing import publish_records
from archive.search.analysis import analysed
from archive.search.building import IndexPlanner, build_split
from archive.search.documents import record_of
from archive.search.searching import Facet, Order, Searcher
from archive.storage.local import LocalStorage
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options
from benchmarks.support.reporting import deliver
from tests.support.seaweed import Seaweed

FULL = 1_000_000
SEGMENT = 5000
SITES = 200
QUERIES = 200
_LETTERS = {
    "en": "etaoinshrdlucmfwypvbgk",
    "de": "enisratdhulcgmobwfkzäöü",
    "fr": "esaitnrulodcpmévqfbghàè",
    "es": "eaosrnidlctumpbgvyqhfñóá",
    "tr": "aeinrlıdkmuytsboüşzgçhğvcöp",
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхж",
    "ar": "اليمونرتبةعدسفهكقأحجشطصخ",
    "hi": "करनसमतहपलवयजदबगटथधभचखण",
    "zh": "",
}
_HAN = [chr(0x4E00 + number * 7 % 3500) for number in range(2500)]


class Language:
    """Words of one language, frequent ones first."""

    def __init__(self, tag: str, draw: random.Random) -> None:
        letters = _LETTERS[tag]
        self.tag = tag
        self.words = [self._word(letters, draw) for _ in range(60_000)]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))
        self._gap = " " if letters else ""

    def _word(self, letters: str, draw: random.Random) -> str:
        if not letters:
            return "".join(draw.choices(_HAN, k=draw.choice((1, 2, 2, 2, 3))))
        length = min(14, max(2, round(draw.gauss(6, 2.5))))
        return "".join(letters[min(int(draw.expovariate(0.14)), len(letters) - 1)] for _ in range(length))

    def text(self, size: int, draw: random.Random) -> str:
        """A text of about so many bytes."""
        count = max(8, size // (7 if self.tag not in ("ru", "ar", "hi", "zh") else 13 if self.tag != "zh" else 6))
        if self.tag == "hi":
            count = max(8, size // 19)
        words = draw.choices(self.words, cum_weights=self._weights, k=count)
        end = "。" if not self._gap else ". "
        return end.join(self._gap.join(words[at : at + 17]) for at in range(0, count, 17))


def articles(count: int, first: int, seed: int) -> Iterator[str]:
    """Records as JSON lines."""
    draw = random.Random(seed)
    languages = [Language(tag, random.Random(tag)) for tag in _LETTERS]
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(first, first + count):
        language = draw.choice(languages)
        body = language.text(int(draw.lognormvariate(7.88, 0.6)), draw)
        moment = begin + timedelta(minutes=number * 525_600 / 1_000_000, hours=draw.random())
        record_id = UUID(int=draw.getrandbits(128), version=4)
        yield json.dumps(
            {
                **_BLANK,
                "id": str(record_id),
                "url": f"https://www.site{draw.randrange(SITES)}.example/{number}",
                "headline": language.text(60, draw)[:90],
                "articleBody": body,
                "inLanguage": language.tag,
                "contentSha256": f"{number:064x}",
                "simhash64": f"{draw.getrandbits(64):016x}",
                "authors": [{"name": f"Author {draw.randrange(3000)}", "url": None}],
                "articleSection": f"Section {draw.randrange(20)}",
                "datePublished": moment.isoformat(),
                "warc": {**_WARC, "recordId": str(record_id), "date": moment.isoformat()},
            },
            ensure_ascii=False,
        )


_WARC = {"file": "warc/x", "offset": 0, "length": 1, "payloadDigest": "sha256:0"}
_BLANK = json.loads(Article(url="https://x.example/", headline="", article_body="").to_json_line())


def make(storage: Storage, count: int, scratch: Path) -> None:
    """Store made records, as those of segments."""
    for at in range(0, count, SEGMENT):
        opened = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=at * 525_600 / 1_000_000)
        name = SegmentName.parse(f"made-{opened:%Y%m%d%H%M%S}000-{at // SEGMENT:05d}-host-aa")
        lines = list(articles(min(SEGMENT, count - at), at, at))
        publish_records(
            storage, name, completed(name, "g0001", scratch / "r", scratch / "o", map(str.encode, lines), [])
        )


def processor() -> float:
    """Seconds of processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """Anonymous memory of this process in MB: what is not pages of files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1000
    return 0.0


def records(storage: Storage) -> Iterator[dict[str, Any]]:
    """The made records."""
    for item in storage.list("records/"):
        if item.key.endswith(".jsonl.gz") and "outcomes" not in item.key:
            with storage.open_range(item.key) as stream:
                for _, line in lines_with_members(stream):
                    yield record_of(line)


def build(storage: Storage) -> dict[str, float]:
    """Build the index with one process; what it took."""
    wall, used, count = time.perf_counter(), processor(), 0
    for plan in IndexPlanner(storage).missing():
        count += build_split(storage, plan, "benchmark").articles
    wall, used = time.perf_counter() - wall, processor() - used
    splits = IndexPlanner(storage).look()[1].splits
    size, text = sum(split.size for split in splits), sum(split.text_bytes for split in splits)
    return {"articles": count, "wall": wall, "processor": used, "size": size, "text": text, "splits": len(splits)}


def asked(storage: Storage, count: int) -> dict[str, list[str]]:
    """Queries of each kind, drawn from articles."""
    draw = random.Random(11)
    chosen = sorted(draw.sample(range(count), QUERIES))
    found: dict[str, list[str]] = {name: [] for name in ("one term", "two terms", "phrase", "prefix", "filtered")}
    wanted = iter(chosen)
    following = next(wanted)
    for number, record in enumerate(records(storage)):
        if number != following:
            continue
        words = [word for word in record["articleBody"].replace("。", " ").replace(".", " ").split() if len(word) > 1]
        at = draw.randrange(len(words) - 1)
        one, two = words[at][:12], words[at + 1][:12]
        month = record["datePublished"][:7]
        found["one term"].append(one)
        found["two terms"].append(f"{one} {draw.choice(words)[:12]}")
        found["phrase"].append(f'"{words[at]} {two}"' if record["inLanguage"] != "zh" else f'"{words[at][:4]}"')
        found["prefix"].append(f"{max(words[at : at + 5], key=len)[:4]}*")
        found["filtered"].append(f"{one} lang:{record['inLanguage']} date:{month}")
        following = next(wanted, -1)
    return found


def milliseconds(call: Callable[[str], object], queries: Sequence[str]) -> tuple[float, float]:
    """Median and 95th percentile."""
    taken = []
    for query in queries:
        begin = time.perf_counter()
        call(query)
        taken.append((time.perf_counter() - begin) * 1000)
    taken.sort()
    return statistics.median(taken), taken[int(len(taken) * 0.95)]


def measure(storage: Storage, directory: Path, queries: dict[str, list[str]]) -> dict[str, Any]:
    """Times of a searcher that has copies of nothing yet, then of one that has."""
    begin = time.perf_counter()
    searcher = Searcher(storage, directory, look_every=3600.0)
    searcher.look()
    told: dict[str, Any] = {"opened": time.perf_counter() - begin, "times": {}}
    begin = time.perf_counter()
    searcher.search(queries["one term"][0], limit=10)
    told["first"] = (time.perf_counter() - begin) * 1000
    three = [Facet.DAY, Facet.SITE, Facet.LANGUAGE]

    def bare(query: str) -> object:
        return searcher.search(query, limit=0)

    for name, words in queries.items():
        told["times"][f"{name}, count"] = milliseconds(bare, words)
    told["times"]["one term, best 20 as ids"] = milliseconds(
        lambda query: searcher.first(query, 20), queries["one term"]
    )
    told["times"]["one term, newest 20 as ids"] = milliseconds(
        lambda query: searcher.first(query, 20, Order.NEWEST), queries["one term"]
    )
    told["times"]["one term, three facets"] = milliseconds(
        lambda query: searcher.search(query, limit=0, facets=three), queries["one term"]
    )
    told["times"]["one term, 10 hits with records and snippets"] = milliseconds(
        lambda query: searcher.search(query, limit=10), queries["one term"]
    )
    told["times"]["one term, newest 10 with records"] = milliseconds(
        lambda query: searcher.search(query, limit=10, order=Order.NEWEST), queries["one term"]
    )
    told["memory"] = resident()
    searcher.close()
    begin = time.perf_counter()
    with Searcher(storage, directory, look_every=3600.0) as again:
        again.look()
        told["opened again"] = time.perf_counter() - begin
    return told


def sqlite(storage: Storage, path: Path, queries: dict[str, list[str]]) -> dict[str, Any]:
    """SQLite FTS5 with the same analysis, over the same records."""
    database = sqlite3.connect(path)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=normal")
    database.execute("pragma cache_size=-200000")
    categories = "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* M* S* P* Co'\""
    database.execute(f"create virtual table t using fts5(body, content='', {categories})")
    database.execute("create table doc(id integer primary key, site text, lang text, day text)")
    wall, used, count = time.perf_counter(), processor(), 0
    for count, record in enumerate(records(storage), start=1):
        text = f"{analysed(record['headline'])} {analysed(record['articleBody'])}"
        database.execute("insert into t(rowid, body) values(?, ?)", (count, text))
        site = record["url"].split("/")[2]
        database.execute(
            "insert into doc values(?, ?, ?, ?)", (count, site, record["inLanguage"], record["datePublished"][:10])
        )
        if count % 20_000 == 0:
            database.commit()
    database.commit()
    database.execute("insert into t(t) values('optimize')")
    database.execute("create index by_day on doc(day)")
    database.commit()
    wall, used = time.perf_counter() - wall, processor() - used
    database.execute("pragma wal_checkpoint(truncate)")

    def match(query: str) -> str:
        if query.startswith('"'):
            return f'"{analysed(query)}"'
        if query.endswith("*"):
            return f'"{analysed(query)}"*'
        return " ".join(f'"{analysed(word)}"' for word in query.split())

    def counted(query: str) -> object:
        return database.execute("select count(*) from t where t match ?", (match(query),)).fetchone()

    def newest(query: str) -> object:
        statement = "select t.rowid from t join doc on doc.id = t.rowid where t match ? order by day desc limit 20"
        return database.execute(statement, (match(query),)).fetchall()

    def best(query: str) -> object:
        return database.execute(
            "select rowid from t where t match ? order by rank limit 20", (match(query),)
        ).fetchall()

    def facets(query: str) -> object:
        statement = "select {0}, count(*) from doc where id in (select rowid from t where t match ?) group by 1"
        return [
            database.execute(statement.format(name), (match(query),)).fetchall() for name in ("day", "site", "lang")
        ]

    times = {
        f"{name}, count": milliseconds(counted, queries[name])
        for name in ("one term", "two terms", "phrase", "prefix")
    }
    times["one term, best 20 as ids"] = milliseconds(best, queries["one term"])
    times["one term, newest 20 as ids"] = milliseconds(newest, queries["one term"])
    times["one term, three facets"] = milliseconds(facets, queries["one term"][:60])
    return {"articles": count, "wall": wall, "processor": used, "size": path.stat().st_size, "times": times}


def from_s3(local: LocalStorage, directory: Path, queries: dict[str, list[str]]) -> dict[str, Any]:
    """The same index in a bucket of SeaweedFS on this machine: without copies, then with them."""
    (directory / "server").mkdir()
    with Seaweed(directory / "server") as server, server.in_environment():
        bucket = open_storage(f"s3://{server.s3.bucket}/news", S3Options(endpoint=server.s3.endpoint))
        for prefix in ("records/", "search/"):
            for item in local.list(prefix):
                if not item.key.endswith(".json"):
                    path = local.root / item.key
                    bucket.put(item.key, path, file_sha256(path))
            for item in local.list(prefix):
                if item.key.endswith(".json"):
                    bucket.put_if_absent(item.key, (local.root / item.key).read_bytes())
        return measure(bucket, directory / "copies", queries)


_CUT_DOWN = """
This run was cut down to what a busy machine allows; `make search` measures a million articles.
"""
_WANTED = {
    "one term, count": 20,
    "phrase, count": 20,
    "filtered, count": 20,
    "one term, newest 20 as ids": 20,
    "one term, three facets": 60,
}


def report(count: int, built: dict[str, float], told: dict[str, dict[str, Any]], lite: dict[str, Any]) -> str:
    """The page."""
    names = list(told["directory"]["times"]) + [
        name for name in lite["times"] if name not in told["directory"]["times"]
    ]
    rows = []
    for name in names:
        cells = [_pair(place["times"].get(name)) for place in (told["directory"], told["bucket"], lite)]
        rows.append(f"| {name} | {' | '.join(cells)} | {_WANTED.get(name, '')} |")
    return f"""# Full-text search

`make search`: {count:,} made articles in nine languages, {built["text"] / count / 1000:.1f} kB of text on average,
{built["text"] / 1e6:,.0f} MB in total, on two processors that other work shared. Words are drawn by Zipf's law,
queries from articles, {QUERIES} of each kind. SQLite FTS5 gets the same terms in the same run.

| | tantivy, as used here | SQLite FTS5 | wanted |
|---|---|---|---|
| articles a second of one processor | {count / built["processor"]:,.0f} | {count / lite["processor"]:,.0f} | 900 |
| articles a second, one process | {count / built["wall"]:,.0f} | {count / lite["wall"]:,.0f} | |
| index ÷ text | {built["size"] / built["text"]:.2f} | {lite["size"] / built["text"]:.2f} | 0.80 |
| memory of the process behind the queries, MB (without pages of files) | {told["directory"]["memory"]:.0f} | | 300 |

{built["splits"]:.0f} splits. Opening the index takes {told["directory"]["opened"]:.2f} s where the archive is a
directory; from S3, {told["bucket"]["opened"]:.1f} s without copies (a search with ten hits then takes
{told["bucket"]["first"]:.0f} ms) and {told["bucket"]["opened again"]:.2f} s with them.

Milliseconds, median and 95th percentile; hits are read from the archive, their records included:

| | directory | S3 (SeaweedFS), copies here | SQLite FTS5 | wanted (95th) |
|---|---|---|---|---|
{chr(10).join(rows)}
{_CUT_DOWN if count < FULL else ""}"""


def _pair(times: tuple[float, float] | None) -> str:
    return f"{times[0]:.1f}, {times[1]:.1f}" if times else ""


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=FULL)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="newswarc-search-", dir=options.work) as scratch:
        work = Path(scratch)
        storage = LocalStorage(work / "archive")
        make(storage, options.articles, work)
        built = build(storage)
        queries = asked(storage, options.articles)
        told = {"directory": measure(storage, work / "here", queries)}
        lite = sqlite(storage, work / "lite", queries)
        told["bucket"] = from_s3(storage, work, queries)
    deliver(report(options.articles, built, told, lite), options.report)


if __name__ == "__main__":
    main()
