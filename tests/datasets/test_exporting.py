"""Flat exports, opened by the programs that read them: nothing is cut short, nothing becomes a formula."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown_it
import pandas
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.datasets import statistics_files
from archive.datasets.building import BuildPlan, build
from archive.datasets.cells import cell, pieces, utf8_length, utf16_length
from archive.datasets.condition_parsing import parse_condition
from archive.datasets.exporting import Exported, Format, export, format_of
from archive.datasets.markdown import escaped
from archive.datasets.options import DatasetOptions
from archive.datasets.pulling import Wanted
from archive.datasets.reading import dataset
from archive.datasets.survey import ArchiveLocation
from archive.errors import BadAddress
from archive.storage.local import LocalStorage
from archive.storage.s3_options import S3Options
from tests.datasets.making import record, store
from tests.datasets.test_documents import here
from tests.support.processes import ROOT

CLIENTS = ROOT / ".venv-clients" / "bin" / "python"
LONG = "ab\U0001f600 c\n" * 14_000
HEADLINES = [
    '=HYPERLINK("http://x")',
    "+1",
    "@sum",
    "-2+3",
    "\t=1",
    "＝1",
    '1,5; "q"',
    "# no heading",
    "http://a.org",
    "_x000D_",
]
COLUMNS = (
    "id",
    "headline",
    "text",
    "authors",
    "keywords",
    "datePublished",
    "isAccessibleForFree",
    "wordCount",
    "links",
)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> LocalStorage:
    place = tmp_path_factory.mktemp("exporting")
    records = [
        record(
            number,
            headline=headline,
            articleBody=LONG if number == 3 else f"{headline}\n* one\n\x0b1. two",
            wordCount=5,
            authors=[{"name": name, "url": None} for name in (["A B", "C"], ["A; B"], [])[number % 3]],
            keywords=["[sic]"],
            datePublished="1802-03-04T05:06:07Z" if number == 5 else None if number == 6 else "2026-02-03T04:05:06Z",
            isAccessibleForFree=(True, False, None)[number % 3],
            images=[],
        )
        for number, headline in enumerate(HEADLINES)
    ]
    made = LocalStorage(place / "archive")
    store(made, [records[:4], records[4:]], place / "scratch")
    at = ArchiveLocation(str(place / "archive"), S3Options())
    build(BuildPlan("odd", "", DatasetOptions(), "x/1", at, at, place / "work", jsonl=False), lambda *_: None, here)
    return made


Exporting = Callable[..., tuple[Exported, Path]]


@pytest.fixture
def exporting(storage: LocalStorage, tmp_path: Path) -> Exporting:
    def run(form: Format, name: str = "", where: str = "", **options: Any) -> tuple[Exported, Path]:
        target = tmp_path / (name or f"odd{form.suffix}")
        condition = parse_condition(where) if where else None
        wanted = Wanted(condition=condition, columns=COLUMNS)
        return export(storage, dataset(storage, "odd"), target, form, wanted, lambda _: None, **options), target

    return run


def wanted_rows(storage: LocalStorage) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in (record_of(number) for number in range(len(HEADLINES)))}


def record_of(number: int) -> dict[str, Any]:
    return {"id": record(number)["id"], "headline": HEADLINES[number]}


def test_no_file_takes_the_place_of_another_unasked(exporting: Exporting) -> None:
    _, target = exporting(Format.CSV, "mine.csv")
    before = target.read_bytes()
    with pytest.raises(BadAddress, match=r"mine\.csv: is there already; .*--overwrite"):
        exporting(Format.CSV, "mine.csv", where="headline = '+1'")
    done, _ = exporting(Format.JSONL, "mine.jsonl")
    assert done.rows == len(HEADLINES), "what is beside both says the same of both"
    with pytest.raises(BadAddress, match=r"mine\.README\.md: is there already"):
        exporting(Format.MARKDOWN, "mine.md", where="headline = '+1'")
    assert target.read_bytes() == before
    assert not target.with_name("mine.md").exists()
    done, _ = exporting(Format.CSV, "mine.csv", where="headline = '+1'", overwrite=True)
    assert done.rows == 1
    assert target.read_bytes() != before
    assert "(10 rows" in target.with_name("mine.README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", [Format.DTA, Format.SAV])
def test_what_is_made_in_memory_has_a_limit(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch, form: Format
) -> None:
    monkeypatch.setattr(statistics_files, "MOST", 10_000)
    with pytest.raises(BadAddress, match=r"at most 10,000: select columns or rows"):
        exporting(form)
    done, _ = exporting(form, where="headline = '+1'")
    assert done.rows == 1


def test_csv_as_a_table_reads_it(exporting: Exporting) -> None:
    done, target = exporting(Format.CSV, verbatim=True)
    with target.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert (done.rows, done.columns, done.notes) == (len(HEADLINES), len(COLUMNS), [])
    assert [row["headline"] for row in sorted(rows, key=lambda row: HEADLINES.index(row["headline"]))] == HEADLINES
    assert LONG.rstrip() in {row["text"].rstrip() for row in rows}
    frame = pandas.read_csv(target, parse_dates=["datePublished"], date_format="ISO8601").set_index("headline")
    assert frame.loc["+1", "authors"] == '["A; B"]'
    assert frame.loc["-2+3", "authors"] == "A B; C"
    assert frame.loc["+1", "keywords"] == '["[sic]"]'
    assert frame["isAccessibleForFree"].tolist().count(True) == 4
    assert frame.loc["+1", "datePublished"] == pandas.Timestamp("2026-02-03T04:05:06Z")


def test_no_cell_of_a_csv_begins_as_a_formula(exporting: Exporting) -> None:
    done, target = exporting(Format.CSV, "odd.csv.gz")
    with gzip.open(target, "rt", encoding="utf-8", newline="") as stream:
        cells = [one for row in csv.reader(stream) for one in row]
    assert not [one for one in cells if one[:1] in "=+-@\t\r＝" and one]
    assert {f"'{headline}" for headline in HEADLINES[:6]} <= set(cells)
    assert done.notes == [
        "11 texts that a spreadsheet would take for formulas have an apostrophe before them; --verbatim writes them "
        "as they are"
    ]


def test_what_is_beside_a_file_says_how_it_was_made(exporting: Exporting) -> None:
    done, target = exporting(Format.JSONL, "some.jsonl", where="headline like '%1%'")
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert {line["headline"] for line in lines} == {one for one in HEADLINES if "1" in one}
    assert [Path(one).name for one in done.beside] == ["some.README.md", "some.codebook.csv", "some.CITATION.cff"]
    card = target.with_name("some.README.md").read_text(encoding="utf-8")
    assert "This is a selection of odd, version 1 (10 rows" in card
    assert "rows where `headline like '%1%'`" in card
    assert sorted(path.name for path in target.parent.iterdir()) == sorted(
        [target.name, *(Path(one).name for one in done.beside)]
    )


def test_markdown_shows_what_the_rows_say(exporting: Exporting) -> None:
    _, target = exporting(Format.MARKDOWN)
    tokens = markdown_it.MarkdownIt().parse(target.read_text(encoding="utf-8"))
    lines = [tokens[place + 1].children for place, token in enumerate(tokens) if token.type == "heading_open"]
    headings = ["".join(part.content for part in line or ()) for line in lines]
    assert sorted(headings[1:]) == sorted(" ".join(one.split()) for one in HEADLINES)
    assert len([token for token in tokens if token.type == "bullet_list_open"]) == len(HEADLINES)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_means_anything_in_markdown(text: str) -> None:
    for line in text.splitlines():
        if not line.split():
            continue
        tokens = markdown_it.MarkdownIt("commonmark").parse(f"- x: y\n\n{escaped(line)}\n")
        assert [token.type for token in tokens[-3:]] == ["paragraph_open", "inline", "paragraph_close"]
        children = tokens[-2].children or []
        assert {one.type for one in children} <= {"text", "text_special"}
        assert "".join(one.content for one in children).split() == line.replace("\x00", "\ufffd").split()


def test_stata_reads_texts_of_any_length(exporting: Exporting) -> None:
    done, target = exporting(Format.DTA)
    assert done.notes == ["left out, since no row has a value there: links"]
    assert done.columns == len(COLUMNS) - 1
    frame = pandas.read_stata(target).set_index("headline")
    assert sorted(frame.index) == sorted(HEADLINES)
    assert frame.loc["-2+3", "text"] == LONG
    assert frame.loc["+1", "datePublished"] == pandas.Timestamp("2026-02-03T04:05:06")
    assert pandas.isna(frame.loc["＝1", "isAccessibleForFree"])
    assert frame.loc["http://a.org", "datePublished"] == frame.loc["+1", "datePublished"]
    assert pandas.isna(frame.loc['1,5; "q"', "datePublished"])
    _, metadata = pyreadstat.read_dta(str(target))
    assert metadata.column_names_to_labels["headline"] == "The title, without the site's name."
    assert all(utf8_length(label or "") <= 80 for label in metadata.column_labels)


def test_spss_reads_a_long_text_in_parts(exporting: Exporting) -> None:
    done, target = exporting(Format.SAV)
    assert "1 texts of text are longer than SPSS has them; they continue in text_2" in done.notes
    frame, metadata = pyreadstat.read_sav(str(target))
    parts = [name for name in frame.columns if name.partition("_")[0] == "text"]
    assert parts == ["text", "text_2", "text_3", "text_4"]
    long = frame.set_index("headline").loc["-2+3", parts]
    assert "".join(long) == LONG
    assert str(metadata.column_names_to_labels["text_2"]).endswith("Continued (2).")
    assert frame.set_index("headline").loc["\t=1", "datePublished"].year == 2026


PROGRAM = """
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1], read_only=True)
print(json.dumps({sheet.title: [[str(c.value) if c.data_type == 'd' else c.value for c in row if c.data_type != 'f' or 1/0]
                                for row in sheet.rows] for sheet in book}))
"""


@pytest.mark.skipif(not CLIENTS.exists(), reason="NO CLIENTS: `make dataset-clients` installs them")
def test_excel_files_hold_all_of_a_text_and_no_formula(exporting: Exporting) -> None:
    done, target = exporting(Format.XLSX)
    told = subprocess.run([CLIENTS, "-c", PROGRAM, target], capture_output=True, text=True, check=True, timeout=60)
    sheets = json.loads(told.stdout)
    assert list(sheets) == ["articles", "codebook", "citation"]
    head, *lines = sheets["articles"]
    rows = {row["headline"]: row for row in (dict(zip(head, line, strict=True)) for line in lines)}
    assert {headline.replace("_x005F_", "_") for headline in rows} == set(HEADLINES), "openpyxl leaves one escape"
    parts = [rows["-2+3"][name] for name in head if name.partition("_")[0] == "text"]
    assert "".join(parts) == LONG
    assert max(map(utf16_length, parts)) <= 32_767
    assert rows["+1"]["text"] == "+1\n* one\n\ufffd1. two"
    assert rows["+1"]["datePublished"] == "2026-02-03 04:05:06"
    assert rows["＝1"]["datePublished"].startswith("1802-03-04T05:06:07")
    assert (rows["+1"]["isAccessibleForFree"], rows["@sum"]["isAccessibleForFree"]) == (False, None)
    assert len(sheets["codebook"]) == len(COLUMNS) + 1
    assert "1 dates before 1900 are texts: Excel has none" in done.notes
    assert "9 characters that no Excel file can hold are U+FFFD" in done.notes


def test_rows_beyond_a_sheet_are_on_another(exporting: Exporting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.datasets.spreadsheets.ROWS", 5)
    done, _ = exporting(Format.XLSX)
    assert "rows are on 3 sheets: one holds 4" in done.notes


def test_the_same_rows_give_the_same_workbook(exporting: Exporting) -> None:
    one, other = (exporting(Format.XLSX, name)[1] for name in ("a.xlsx", "b.xlsx"))
    assert one.read_bytes() == other.read_bytes()
    one, other = (exporting(Format.DTA, name)[1] for name in ("a.dta", "b.dta"))
    assert one.read_bytes() == other.read_bytes()


@settings(max_examples=50)
@given(st.text(max_size=300), st.integers(4, 40), st.sampled_from([utf8_length, utf16_length]))
def test_pieces_are_the_whole(text: str, limit: int, measure: Callable[[str], int]) -> None:
    text = text.encode("utf-8", "replace").decode("utf-8")
    parts = list(pieces(text, limit, measure))
    assert "".join(parts) == text
    assert all(measure(part) <= limit for part in parts)
    for one, other in itertools.pairwise(parts):
        assert measure(one + other[: len(other) - len(other.lstrip(" ")) + 1]) > limit, "no more parts than needed"
        assert not one.endswith(" ") or not one.strip(" ")


@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=4))
def test_a_list_can_be_read_back_from_its_cell(values: list[str | None]) -> None:
    told = cell(values)
    read = [] if told is None else json.loads(told) if told.startswith("[") else told.split("; ")
    assert read == values


@pytest.mark.parametrize(("name", "target"), [("", "x.txt"), ("", None), ("pdf", "x.csv")])
def test_a_format_that_is_none(name: str, target: str | None) -> None:
    with pytest.raises(BadAddress, match=r"csv, xlsx, dta, sav, jsonl, markdown"):
        format_of(name, Path(target) if target else None)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("soffice") is None, reason="NO LIBREOFFICE: Debian's libreoffice-calc-nogui has it")
def test_libreoffice_opens_the_workbook(exporting: Exporting, tmp_path: Path) -> None:
    _, target = exporting(Format.XLSX)
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1", "--outdir", tmp_path / "converted", target,
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )  # fmt: skip
    with (tmp_path / "converted" / "odd.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["headline"].strip(): row for row in csv.DictReader(stream)}
    assert set(rows) == {headline.strip() for headline in HEADLINES}
    assert rows["+1"]["datePublished"] == "2026-02-03 04:05:06"


R = """
library(haven); library(jsonlite)
stata <- read_dta("odd.dta"); spss <- read_sav("odd.sav"); table <- read.csv("odd.csv", encoding = "UTF-8")
lines <- stream_in(file("odd.jsonl"), verbose = FALSE)
at <- function(frame) frame[frame$headline == "-2+3", ]
cat(toJSON(list(
  rows = c(nrow(stata), nrow(spss), nrow(table), nrow(lines)),
  long = c(nchar(at(stata)$text, "bytes"), nchar(at(table)$text, "bytes"), nchar(at(lines)$text, "bytes")),
  time = format(stata[stata$headline == "+1", ]$datePublished, "%Y-%m-%d %H:%M:%S", tz = "UTC"),
  free = c(sum(table$isAccessibleForFree, na.rm = TRUE), sum(stata$isAccessibleForFree, na.rm = TRUE)))))
"""


@pytest.mark.long
@pytest.mark.skipif(
    shutil.which("Rscript") is None, reason="NO R: Debian's r-base-core, r-cran-haven, r-cran-jsonlite"
)
def test_r_reads_four_of_them(exporting: Exporting, tmp_path: Path) -> None:
    for form in (Format.DTA, Format.SAV, Format.CSV, Format.JSONL):
        exporting(form, verbatim=True)
    told = subprocess.run(["Rscript", "-e", R], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=180)
    found = json.loads(told.stdout)
    assert found["rows"] == [len(HEADLINES)] * 4
    assert found["long"] == [utf8_length(LONG)] * 3
    assert found["time"] == ["2026-02-03 04:05:06"]
    assert found["free"] == [4, 4]
