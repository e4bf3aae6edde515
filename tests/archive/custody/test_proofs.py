"""A proof of one record holds without the archive and without this program, and no forged one does."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cryptography
import pytest

from archive.custody import standalone
from archive.custody.proofs import Prover
from archive.custody.standalone import Refused, check
from archive.lookup import Lookup
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from tests.support.processes import Finished, newswarc

ORIGIN = "tide-gazette.example/custody"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with an archive of the bundled newspaper, logged, and the verifier in an environment of its own."""
    directory = tmp_path_factory.mktemp("demo")
    (directory / "password").write_text("anchor")
    with DemoServer() as server:
        (directory / "newswarc.toml").write_text(
            'custody_key = "key.pem"\ncustody_password_file = "password"\ndelay = 0\n'
        )
        for words in (
            ("custody", "key", "key.pem"),
            ("custody", "begin", ORIGIN),
            ("crawl", f"{server.base}/", "-q", "--allow-host", server.base.removeprefix("http://")),
            ("custody", "log"),
            ("custody", "verifier", "-o", "verify.py"),
        ):
            done = newswarc(*words, cwd=directory)
            assert done.code == 0, done.err
        (directory / "base").write_text(server.base)
    packages = directory / "packages"
    packages.mkdir()
    home = Path(cryptography.__file__).parent.parent
    for found in (home / "cryptography", home / "cffi", *home.glob("_cffi_backend*")):
        (packages / found.name).symlink_to(found)
    yield directory


def public_key(demo: Path) -> str:
    return newswarc("custody", "key", cwd=demo).out.strip()


def verified(demo: Path, *words: object) -> Finished:
    """The verifier with nothing but the standard library and `cryptography`."""
    done = subprocess.run(
        [sys.executable, "-S", "verify.py", *map(str, words)],
        cwd=demo, env={"PYTHONPATH": str(demo / "packages"), "PATH": os.environ["PATH"]}, capture_output=True, text=True,
    )  # fmt: skip
    return Finished(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def article(demo: Path) -> dict[str, Any]:
    return dict(newswarc("records", cwd=demo).lines()[0])


@pytest.fixture(scope="module")
def proof(demo: Path, article: dict[str, Any]) -> Path:
    done = newswarc("custody", "prove", article["url"], "-o", "proof.json", cwd=demo)
    assert done.code == 0, done.err
    return demo / "proof.json"


def test_a_proof_holds_in_an_empty_environment(demo: Path, proof: Path, article: dict[str, Any]) -> None:
    empty = subprocess.run(
        [sys.executable, "-S", "-c", "import archive"], cwd=demo, env={"PYTHONPATH": str(demo / "packages")},
    )  # fmt: skip
    assert empty.returncode != 0
    done = verified(demo, proof, "--key", public_key(demo))
    assert done.code == 0, done.err
    for told in (
        article["url"],
        "is the one that was logged",
        f"in the log {ORIGIN}",
        f"signed by {ORIGIN}",
        "no time stamp",
    ):
        assert told in done.out
    assert newswarc("custody", "check", proof, "--key", public_key(demo), cwd=demo).out == done.out
    by_id = newswarc("custody", "prove", article["id"], "-o", "by-id.json", cwd=demo)
    assert by_id.code == 0, by_id.err
    assert (demo / "by-id.json").read_bytes() == proof.read_bytes()


def test_a_proof_need_not_tell_what_it_proves(demo: Path, proof: Path, article: dict[str, Any]) -> None:
    done = newswarc("custody", "prove", article["url"], "-o", "digest.json", "--digest-only", cwd=demo)
    assert done.code == 0, done.err
    assert (demo / "digest.json").stat().st_size <= 4096
    assert "the record itself is not here" in verified(demo, "digest.json", "--key", public_key(demo)).out
    (demo / "record").write_bytes(base64.b64decode(json.loads(proof.read_text())["record"]["bytes"]))
    told = verified(demo, "digest.json", "--key", public_key(demo), "--record", "record")
    assert "is the one that was logged" in told.out
    (demo / "record").write_bytes((demo / "record").read_bytes() + b" ")
    told = verified(demo, "digest.json", "--key", public_key(demo), "--record", "record")
    assert (told.code, told.err) == (
        1,
        "NOT PROVEN: the record is not the one that was logged: its bytes were altered\n",
    )


Change = Callable[[dict[str, Any]], None]


def alter_a_word(proof: dict[str, Any]) -> None:
    data = base64.b64decode(proof["record"]["bytes"])
    proof["record"]["bytes"] = base64.b64encode(data.replace(b"<p>", b"<q>", 1)).decode()


def alter_a_word_and_its_leaf(proof: dict[str, Any]) -> None:
    alter_a_word(proof)
    data = base64.b64decode(proof["record"]["bytes"])
    proof["record"]["leaf"] = standalone.sha256(b"\0" + data).hex()


def another_address(proof: dict[str, Any]) -> None:
    proof["about"]["url"] = "https://other.example/"


def another_root(proof: dict[str, Any]) -> None:
    alter_a_word_and_its_leaf(proof)
    entry, record = json.loads(proof["entry"]), proof["record"]
    path = [bytes.fromhex(text) for text in record["path"]]
    entry["recordsRoot"] = standalone.root_of_path(
        bytes.fromhex(record["leaf"]), record["index"], entry["records"], path
    ).hex()
    proof["entry"] = json.dumps(entry)


def another_size(proof: dict[str, Any]) -> None:
    head, gap, note = proof["log"].partition("\n\n")
    origin, size, rest = note.split("\n", 2)
    proof["log"] = f"{head}{gap}{origin}\n{int(size) + 1}\n{rest}"


def another_signature(proof: dict[str, Any]) -> None:
    start = proof["log"].rindex(" ") + 12
    swapped = "A" if proof["log"][start] != "A" else "B"
    proof["log"] = proof["log"][:start] + swapped + proof["log"][start + 1 :]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (alter_a_word, "its bytes were altered"),
        (alter_a_word_and_its_leaf, "does not belong to the file"),
        (another_address, "the proof says url https://other.example/"),
        (another_root, "altered or never logged"),
        (another_size, ""),
        (another_signature, "altered after it was signed"),
    ],
)
def test_tampering_is_found(demo: Path, proof: Path, change: Change, reason: str) -> None:
    forged = json.loads(proof.read_text())
    change(forged)
    (demo / "forged.json").write_text(json.dumps(forged))
    done = verified(demo, "forged.json", "--key", public_key(demo))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("NOT PROVEN: ")
    assert reason in done.err
    assert newswarc("custody", "check", "forged.json", cwd=demo).code == 1


def test_another_key_is_not_believed(demo: Path, proof: Path) -> None:
    newswarc("custody", "key", "other.pem", "--no-password", cwd=demo)
    other = newswarc("custody", "key", cwd=demo, NEWSWARC_CUSTODY_KEY="other.pem").out.strip()
    told = verified(demo, proof, "--key", other)
    assert "not signed by the key that you trust" in told.err
    assert "ask for the archive's key by another way" in verified(demo, proof).out


def test_every_record_of_an_archive_can_be_proven(demo: Path) -> None:
    storage = LocalStorage(demo / "newswarc-data")
    lookup, prover, proven = Lookup(storage, demo / "index"), Prover(storage), 0
    lookup.refresh()
    base = (demo / "base").read_text()
    from archive.lookup import Match

    for entry in lookup.find(base, Match.HOST):
        data = json.loads(prover.prove(entry.segment, lookup.read(entry), with_bytes=True))
        assert any(entry.url in line for line in check(data, []))
        proven += 1
    lookup.close()
    assert proven > 20


@pytest.mark.parametrize("place", ["format", "record", "entry", "log", "keys"])
def test_a_damaged_proof_is_refused_in_one_line(proof: Path, place: str) -> None:
    damages: list[object] = [None, 7, "x\n\ny", {}, []]
    for wrong in damages:
        damaged = json.loads(proof.read_text())
        damaged[place] = wrong
        with pytest.raises(Refused):
            check(damaged, [])


def test_the_verifier_can_be_read_in_one_sitting(demo: Path) -> None:
    source = (demo / "verify.py").read_text()
    assert len(source.splitlines()) <= 300
    assert "archive." not in source.replace("the archive.", "").replace("archive.\n", "")


def test_a_crawl_logs_what_it_stores_and_names_the_checkpoint_before_it(demo: Path) -> None:
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        done = newswarc("crawl", f"{server.base}/", "-q", "--allow-host", host, cwd=demo)
        assert done.code == 0, done.err
    assert newswarc("custody", "log", "--json", cwd=demo).json()["added"] == 0
    status = newswarc("status", "--json", cwd=demo).json()
    seen = (demo / "newswarc-data/state/custody/seen-checkpoint").read_text().split("\n")
    assert (status["custody"]["size"], status["custody"]["problem"]) == (int(seen[1]), "")
    warcs = sorted(demo.glob("newswarc-data/warc/**/*.warc.gz"))
    infos = [zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(warc.read_bytes()) for warc in warcs]
    told = [info.partition(b"custody-checkpoint: ")[2].partition(b"\r\n")[0].decode().split() for info in infos]
    assert [line[0] for line in told] == [ORIGIN, ORIGIN]
    assert int(told[0][1]) == 1
    assert 1 < int(told[1][1]) < int(seen[1])
    done = newswarc("verify", "--deep", cwd=demo)
    assert done.code == 0, done.err


def test_a_crawl_whose_key_is_gone_stores_all_the_same_and_says_so(demo: Path) -> None:
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        done = newswarc(
            "crawl", f"{server.base}/", "-q", "--allow-host", host, cwd=demo, NEWSWARC_CUSTODY_KEY="lost.pem"
        )
    assert done.code == 1
    assert "lost.pem: the signing key cannot be read" in done.err
    assert any(
        concern["kind"] == "not_logged" for concern in newswarc("status", "--json", cwd=demo).json()["concerns"]
    )
    assert newswarc("custody", "log", "--json", cwd=demo).json()["added"] > 0
