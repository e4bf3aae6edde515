"""Run by another Python: loads a data set with one client, and says what it got.

    python client_program.py CLIENT DIRECTORY [S3-ADDRESS]

It prints rows, columns, and a digest of ids and texts in the order of the ids.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterable
from typing import Any

Rows = list[tuple[str, str]]


def options() -> dict[str, Any]:
    return {
        "key": os.environ["AWS_ACCESS_KEY_ID"],
        "secret": os.environ["AWS_SECRET_ACCESS_KEY"],
        "client_kwargs": {"endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region_name": "us-east-1"},
    }


def with_datasets(place: str, remote: str) -> tuple[Rows, list[str]]:
    import datasets

    if remote:
        files = {"train": f"{remote}/data/*.parquet"}
        loaded = datasets.load_dataset("parquet", data_files=files, storage_options=options(), split="train")
    else:
        loaded = datasets.load_dataset(place, split="train")
    return [(row["id"], row["text"]) for row in loaded.select_columns(["id", "text"])], loaded.column_names


def with_datasets_streaming(place: str, remote: str) -> tuple[Rows, list[str]]:
    import datasets

    if remote:
        files = {"train": f"{remote}/data/*.parquet"}
        loaded = datasets.load_dataset(
            "parquet", data_files=files, storage_options=options(), split="train", streaming=True
        )
    else:
        loaded = datasets.load_dataset(place, split="train", streaming=True)
    return [(row["id"], row["text"]) for row in loaded], list(loaded.features or {})


def with_jsonl(place: str, remote: str) -> tuple[Rows, list[str]]:
    import datasets

    # Without features it takes the types from the first file, where some columns have no value
    features = datasets.load_dataset(place, split="train").features
    text = {name: datasets.Value("string") for name in features if "timestamp" in str(features[name])}
    files = f"{place}/jsonl/*.jsonl.gz"
    loaded = datasets.load_dataset(
        "json", data_files=files, features=datasets.Features({**features, **text}), split="train"
    )
    return [(row["id"], row["text"]) for row in loaded.select_columns(["id", "text"])], loaded.column_names


def with_pandas(place: str, remote: str) -> tuple[Rows, list[str]]:
    import pandas

    frame = pandas.read_parquet(f"{remote or place}/data", **({"storage_options": options()} if remote else {}))
    return list(zip(frame["id"], frame["text"], strict=True)), list(frame.columns)


def with_polars(place: str, remote: str) -> tuple[Rows, list[str]]:
    import polars

    extra: dict[str, Any] = {}
    if remote:
        extra["storage_options"] = {
            "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
            "aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"],
            "aws_region": "us-east-1",
            "aws_allow_http": "true",
        }
    frame = polars.read_parquet(f"{remote or place}/data/*.parquet", **extra)
    return list(zip(frame["id"].to_list(), frame["text"].to_list(), strict=True)), frame.columns


def with_pyarrow(place: str, remote: str) -> tuple[Rows, list[str]]:
    import pyarrow.dataset as ds
    import pyarrow.fs as fs

    system = None
    if remote:
        system = fs.S3FileSystem(
            access_key=os.environ["AWS_ACCESS_KEY_ID"], secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
            endpoint_override=os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"), scheme="http", region="us-east-1",
        )  # fmt: skip
    table = ds.dataset(f"{(remote or place).removeprefix('s3://')}/data", filesystem=system).to_table()
    return list(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True)), table.column_names


def with_duckdb(place: str, remote: str) -> tuple[Rows, list[str]]:
    import duckdb

    database = duckdb.connect()
    if remote:
        import duckdb_extension_httpfs

        folder = pathlib.Path(duckdb_extension_httpfs.__file__).parent
        database.execute(f"LOAD '{next(folder.rglob('*.duckdb_extension'))}'")
        database.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{os.environ['AWS_ACCESS_KEY_ID']}', "
            f"SECRET '{os.environ['AWS_SECRET_ACCESS_KEY']}', REGION 'us-east-1', URL_STYLE 'path', USE_SSL false, "
            f"ENDPOINT '{os.environ['AWS_ENDPOINT_URL'].removeprefix('http://')}')"
        )
    source = f"read_parquet('{remote or place}/data/*.parquet')"
    names = [column[0] for column in database.execute(f"SELECT * FROM {source} LIMIT 0").description]
    return database.execute(f"SELECT id, text FROM {source}").fetchall(), names


def with_croissant(place: str, remote: str) -> tuple[Rows, list[str]]:
    import mlcroissant

    found = mlcroissant.Dataset(f"{place}/croissant.json")
    assert not found.metadata.issues.errors, found.metadata.issues.report()
    rows, names = [], []
    for record in found.records("articles"):
        names = [name.removeprefix("articles/") for name in record]
        rows.append((_text(record["articles/id"]), _text(record["articles/text"])))
    return rows, names


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


CLIENTS: dict[str, Callable[[str, str], tuple[Rows, list[str]]]] = {
    "datasets": with_datasets,
    "datasets, streaming": with_datasets_streaming,
    "datasets, JSON lines": with_jsonl,
    "pandas": with_pandas,
    "polars": with_polars,
    "pyarrow": with_pyarrow,
    "duckdb": with_duckdb,
    "mlcroissant": with_croissant,
}


def digest(rows: Iterable[tuple[str, str]]) -> str:
    found = hashlib.sha256()
    for name, text in sorted(rows):
        found.update(f"{name}\0{text}\0".encode())
    return found.hexdigest()


def main() -> None:
    client, place, *remote = sys.argv[1:]
    rows, names = CLIENTS[client](place, remote[0] if remote else "")
    sys.stdout.write(json.dumps({"rows": len(rows), "columns": names, "digest": digest(rows)}))
    sys.stdout.flush()
    # Threads of Arrow that read through a file system in Python may abort the program when the interpreter ends
    # (https://github.com/apache/arrow/issues/34314): what was loaded is known by now
    os._exit(0)


if __name__ == "__main__":
    main()
