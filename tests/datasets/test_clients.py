"""Programs that researchers use load what was built: from a directory and from S3, with the same rows and texts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.datasets.columns import SCHEMA
from archive.storage.local import LocalStorage
from archive.storage.s3 import S3Storage
from archive.storage.s3_options import S3Options
from tests.datasets.client_program import CLIENTS, digest
from tests.datasets.making import body, record, store
from tests.support.processes import ROOT, environment, newswarc
from tests.support.seaweed import S3Server

PYTHON = ROOT / ".venv-clients" / "bin" / "python"
PROGRAM = Path(__file__).with_name("client_program.py")
ON_DISK_ALONE = ("datasets, JSON lines", "mlcroissant")
pytestmark = [
    pytest.mark.skipif(not PYTHON.exists(), reason="NO CLIENTS: `make dataset-clients` installs them"),
    pytest.mark.timeout(600),
]


def shards() -> list[list[dict[str, Any]]]:
    """In the first shard some columns have no value at all; texts go from right to left, and hold what is no letter."""
    plain = [
        record(number, inLanguage=None, datePublished=None, authors=[], keywords=[], images=[], fields={})
        for number in range(6)
    ]
    rich = [
        record(number, articleBody=f"مرحبا بالعالم 😀 {number} " * 30, description="x", tdm="0")
        for number in range(6, 12)
    ]
    return [plain, rich, [record(12, articleBody="word " * 200_000)]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, s3: S3Server) -> Path:
    place = tmp_path_factory.mktemp("clients")
    made = LocalStorage(place / "newswarc-data")
    store(made, shards(), place / "scratch")
    program = "import archive.datasets.building as b, crawler.cli.main as m, sys; b.SHARD = 6; sys.exit(m.run_program(sys.argv[1:]))"
    python = Path(newswarc.__globals__["PROGRAM"]).with_name("python")
    for target in ((), ("--to", f"s3://{s3.bucket}/sets")):
        command = [python, "-c", program, "dataset", "build", "news", "--quiet", *target]
        subprocess.run(command, cwd=place, env=environment(**s3.variables()), check=True, timeout=120)
    return place / "newswarc-data" / "datasets" / "news" / "1"


def load(client: str, *arguments: object, **variables: str) -> dict[str, Any]:
    done = subprocess.run(
        [PYTHON, PROGRAM, client, *map(str, arguments)],
        # Nobody listens there: what is asked of the hub fails at once
        env=environment(HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_DISABLE_TELEMETRY="1", **variables),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def expected(place: Path, count: int = 13) -> dict[str, Any]:
    rows = [row for file in place.glob("data/*") for row in pq.read_table(file, columns=["id", "text"]).to_pylist()]
    return {"rows": count, "columns": SCHEMA.names, "digest": digest((row["id"], row["text"]) for row in rows)}


@pytest.mark.parametrize("client", CLIENTS)
def test_from_a_directory(client: str, built: Path, tmp_path: Path) -> None:
    assert len(list(built.glob("data/*"))) == 3
    found = load(client, built, HF_HOME=str(tmp_path))
    wanted = expected(built)
    if client == "mlcroissant":  # lists of structures, which its description leaves out
        lists = [field for field in SCHEMA if pa.types.is_list(field.type)]
        parted = {field.name for field in lists if pa.types.is_struct(field.type.value_type)}
        wanted["columns"] = [name for name in wanted["columns"] if name not in parted]
    assert found == wanted


@pytest.mark.parametrize("client", [client for client in CLIENTS if client not in ON_DISK_ALONE])
def test_from_s3(client: str, built: Path, tmp_path: Path, s3: S3Server) -> None:
    address = f"s3://{s3.bucket}/sets/datasets/news/1"
    found = load(client, built, address, HF_HOME=str(tmp_path), **s3.variables())
    assert found == expected(built)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty thousand rows, of which the first five thousand, a row group, have nothing in some columns."""
    place = tmp_path_factory.mktemp("many")
    bare: dict[str, Any] = {
        "inLanguage": None,
        "datePublished": None,
        "authors": [],
        "keywords": [],
        "images": [],
        "fields": {},
    }
    made = LocalStorage(place / "newswarc-data")
    for start in range(0, 50_000, 5_000):
        records = [
            record(number, articleBody=body(number, 20), **({} if start else bare))
            for number in range(start, start + 5_000)
        ]
        store(made, [records], place / "scratch", first=start // 5_000)
    assert newswarc("dataset", "build", "many", "--quiet", cwd=place).code == 0
    return place / "newswarc-data" / "datasets" / "many" / "1"


@pytest.mark.long
@pytest.mark.parametrize("client", [client for client in CLIENTS if client != "mlcroissant"])
def test_fifty_thousand_rows(client: str, many: Path, tmp_path: Path) -> None:
    assert load(client, many, HF_HOME=str(tmp_path)) == expected(many, 50_000)


def test_no_rows_at_all(built: Path, tmp_path: Path) -> None:
    place = built.parent.parent.parent.parent
    assert newswarc("dataset", "build", "none", "--quiet", "--site", "elsewhere.org", cwd=place).code == 0
    empty = built.parent.parent / "none" / "1"
    for client in ("pandas", "polars", "pyarrow", "duckdb"):
        found = load(client, empty, HF_HOME=str(tmp_path))
        assert (found["rows"], found["columns"]) == (0, SCHEMA.names), client


def test_pulled_from_s3_it_is_the_same(built: Path, tmp_path: Path, s3: S3Server) -> None:
    source = f"s3://{s3.bucket}/sets"
    variables = s3.variables()
    done = newswarc(
        "dataset", "pull", "news@1", "--from", source, "--to", "here", "--json", cwd=tmp_path, **variables
    )
    assert done.code == 0, done.err
    for file in built.rglob("*"):
        if file.is_file():
            assert (tmp_path / "here" / file.relative_to(built)).read_bytes() == file.read_bytes()
    chosen = ("--where", "lang = 'ar' and wordCount < 1000", "--columns", "id,url")
    part = newswarc(
        "dataset", "pull", "news", "--from", source, "--to", "part", "--json", *chosen, cwd=tmp_path, **variables
    )
    table = pq.read_table(tmp_path / "part" / "data")
    assert table.column_names == ["id", "url"]
    assert table.num_rows == part.json()["rows"] == 2
    assert part.json()["received"] < done.json()["received"]


def test_damage_is_named_and_mended(built: Path, tmp_path: Path, s3: S3Server, s3_environment: S3Server) -> None:
    source = f"s3://{s3.bucket}/sets"
    variables = s3.variables()

    def pull() -> dict[str, Any]:
        done = newswarc(
            "dataset", "pull", "news", "--from", source, "--to", "here", "--json", cwd=tmp_path, **variables
        )
        assert done.code == 0, done.err
        return dict(done.json())

    pull()
    shards_here = sorted((tmp_path / "here" / "data").iterdir())
    data = shards_here[0].read_bytes()
    shards_here[0].write_bytes(data[:100] + b"x" + data[101:])
    other = shards_here[1].read_bytes()
    shards_here[1].unlink()
    again = pull()
    assert again["kept"] == again["files"] - 2
    assert again["received"] == len(data) + len(other)
    assert shards_here[0].read_bytes() == data
    assert shards_here[1].read_bytes() == other

    storage = S3Storage(s3.bucket, "sets", S3Options(endpoint=s3.endpoint))
    key = f"datasets/news/1/data/{shards_here[2].name}"
    kept = shards_here[2].read_bytes()
    s3.client().put_object(Bucket=s3.bucket, Key=f"sets/{key}", Body=kept[:-1] + b"x")
    verified = newswarc("dataset", "verify", "news", "--from", source, cwd=tmp_path, **variables)
    assert verified.code == 1
    assert f"{key}: wrong_digest" in verified.err
    shards_here[2].unlink()
    failed = newswarc("dataset", "pull", "news", "--from", source, "--to", "here", cwd=tmp_path, **variables)
    assert failed.code == 1
    assert key in failed.err
    assert not shards_here[2].exists(), "never a file that is not whole"
    storage.delete(key)
    missing = newswarc("dataset", "pull", "news", "--from", source, "--to", "here", cwd=tmp_path, **variables)
    assert missing.code == 2
    assert key in missing.err
    s3.client().put_object(Bucket=s3.bucket, Key=f"sets/{key}", Body=kept)
