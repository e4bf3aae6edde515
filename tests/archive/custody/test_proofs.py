"""A proof of one record holds without the archive and without this program, and no forged one does."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cryptography
import pytest

from archive.custody import standalone
from archive.custody.notes import VerifierKey
from archive.custody.proofs import Prover
from archive.custody.standalone import Refused, check
from archive.custody.wacz_signature import create_wacz_key
from archive.lookup import Lookup
from archive.recovery import members_with_leaves
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from tests.archive.custody.test_audit import EARLY
from tests.archive.custody.witness import WitnessServer
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
    data = bytearray(base64.b64decode(proof["record"]["bytes"]))
    data[-len(b"x\r\n\r\n")] ^= 1  # the last byte of the block, whichever page it is
    proof["record"]["bytes"] = base64.b64encode(data).decode()


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
    assert "compare it with the one that the archive has published" in verified(demo, proof).out


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


@pytest.fixture(scope="module")
def signed(demo: Path) -> Path:
    """A signed WACZ of the demo's archive, with proofs."""
    public = newswarc("custody", "key", "--wacz", "wacz.pem", cwd=demo).out.strip()
    (demo / "wacz.pub").write_text(public)
    done = newswarc("wacz", "-o", "demo.wacz", "--json", cwd=demo, NEWSWARC_WACZ_KEY="wacz.pem")
    assert done.code == 0, done.err
    assert done.json()["signed_by"] == public
    assert done.json()["proven"] == done.json()["captures"] > 15
    return demo / "demo.wacz"


def test_a_wacz_is_known_by_its_content_and_what_is_no_proof_is_named(demo: Path, signed: Path) -> None:
    renamed = demo / "handed-on.zip"
    renamed.write_bytes(signed.read_bytes())
    assert newswarc("custody", "check", renamed.name, cwd=demo).code == 0
    for content, code, said in (
        ("{}", 1, "it is not a proof of custody"),
        ("[1]", 1, "it is not a proof of custody"),
        ("key", 2, "neither a proof, as `newswarc custody prove` writes it, nor a WACZ file"),
    ):
        (demo / "other.json").write_text(content)
        done = newswarc("custody", "check", "other.json", cwd=demo)
        assert (done.code, done.out) == (code, "")
        assert f"other.json: {said}" in " ".join(done.err.replace("not proven: ", "").split())
    done = newswarc("custody", "check", renamed.name, "--key", "MHYwEA", cwd=demo)
    assert done.code == 2
    assert "'MHYwEA' (--key or custody_trusted) is not a verifier key" in done.err


def rewritten(package: Path, change: Callable[[str, bytes], bytes], *, digests: bool) -> Path:
    """A package with changed files; `digests` makes those in its description anew."""
    forged = package.with_name("forged.wacz")
    with zipfile.ZipFile(package) as former, zipfile.ZipFile(forged, "w") as packed:
        files = {name: change(name, former.read(name)) for name in former.namelist()}
        if digests:
            described = json.loads(files["datapackage.json"])
            for resource in described["resources"]:
                data = files[resource["path"]]
                resource |= {"hash": f"sha256:{hashlib.sha256(data).hexdigest()}", "bytes": len(data)}
            files["datapackage.json"] = json.dumps(described).encode()
            claimed = json.loads(files["datapackage-digest.json"])
            claimed["hash"] = f"sha256:{hashlib.sha256(files['datapackage.json']).hexdigest()}"
            files["datapackage-digest.json"] = json.dumps(claimed).encode()
        for name, data in files.items():
            packed.writestr(name, data)
    return forged


def other_word(name: str, data: bytes) -> bytes:
    """A word of each page is another, in WARC files packed anew."""
    if not name.startswith("archive/"):
        return data
    plain = b""
    while data:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        record = inflater.decompress(data) + inflater.flush()
        plain += gzip.compress(record.replace(b"ferry", b"barge"), mtime=0)
        data = inflater.unused_data
    return plain


def test_a_wacz_is_signed_and_holds_the_proofs(demo: Path, signed: Path) -> None:
    done = newswarc("custody", "check", signed, "--key", public_key(demo), cwd=demo)
    assert done.code == 0, done.err
    assert f"signed by the key {(demo / 'wacz.pub').read_text()}" in done.out
    assert "captures are exactly those that were logged" in done.out
    assert "have no proof" not in done.out
    with zipfile.ZipFile(signed) as packed:
        proofs = [json.loads(line) for line in packed.read("custody/proofs.jsonl").splitlines()]
    assert check(proofs[3], [public_key(demo)]), "each of them stands for itself"


def test_browsers_accept_the_signature_of_a_wacz(signed: Path) -> None:
    with zipfile.ZipFile(signed) as packed:
        claimed = packed.read("datapackage-digest.json").decode()
    program = """
        const signed = JSON.parse(process.argv[1]).signedData
        const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
        const curve = {name: "ECDSA", namedCurve: "P-384"}
        crypto.subtle.importKey("spki", bytes(signed.publicKey), curve, true, ["verify"]).then((key) =>
            crypto.subtle.verify({name: "ECDSA", hash: "SHA-256"}, key, bytes(signed.signature),
                new TextEncoder().encode(signed.hash))).then((is) => console.log(is))
    """
    done = subprocess.run(["node", "-e", program, claimed], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "true"


@pytest.mark.parametrize(
    ("change", "digests", "said"),
    [
        (other_word, False, "its digest is not the one in datapackage.json"),
        (other_word, True, "the file's signature is wrong"),
        (lambda name, data: data + b" " * (name == "datapackage.json"), False, "datapackage.json is not the one"),
        (lambda name, data: b"" if name.startswith("archive/") else data, True, "signature is wrong"),
    ],
)
def test_a_changed_wacz_is_found_out(
    demo: Path, signed: Path, change: Callable[[str, bytes], bytes], digests: bool, said: str
) -> None:
    forged = rewritten(signed, change, digests=digests)
    done = newswarc("custody", "check", forged, "--key", public_key(demo), cwd=demo)
    assert (done.code, said in done.err) == (1, True), done.err


def test_a_wacz_that_somebody_else_signed_again_does_not_hold(demo: Path, signed: Path) -> None:
    forged = rewritten(signed, other_word, digests=True)
    theirs = create_wacz_key(demo / "theirs.pem", b"")

    def sign(name: str, data: bytes) -> bytes:
        if name != "datapackage-digest.json":
            return data
        claimed = json.loads(data)
        claimed["signedData"] = theirs.signed(claimed["hash"], datetime.now(UTC), "a forger")
        return json.dumps(claimed).encode()

    again = rewritten(forged.rename(demo / "altered.wacz"), sign, digests=False)
    done = newswarc("custody", "check", again, "--key", public_key(demo), cwd=demo)
    assert done.code == 1
    assert "is not the one that was logged: it was altered" in done.err


def test_a_wacz_without_a_key_and_without_a_log_says_so(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(EARLY, tmp_path / "newswarc-data")
    done = newswarc("wacz", "-o", "plain.wacz", "--json", cwd=tmp_path)
    assert (done.code, done.json()["signed_by"], done.json()["proven"]) == (0, "", 0)
    checked = newswarc("custody", "check", "plain.wacz", cwd=tmp_path)
    assert checked.code == 0
    assert "the file is not signed" in checked.out
    assert "no proofs of custody are in it" in checked.out
    refused = newswarc("wacz", "-o", "x.wacz", cwd=tmp_path, NEWSWARC_WACZ_KEY=str(demo / "key.pem"))
    assert refused.code == 1
    assert "no ECDSA key on the curve P-384" in refused.err or "the password is wrong" in refused.err
    (tmp_path / "broken.wacz").write_bytes((tmp_path / "plain.wacz").read_bytes()[:5000])
    assert "is not a WACZ file" in newswarc("custody", "check", "broken.wacz", cwd=tmp_path).err


@pytest.mark.parametrize(("kind", "data"), [("bagit", "data"), ("ocfl", "v1/content")])
def test_packages_hold_the_proofs_and_the_checkpoint(demo: Path, tmp_path: Path, kind: str, data: str) -> None:
    done = newswarc("package", kind, "-o", tmp_path / "handed-over", "--json", cwd=demo)
    assert done.code == 0, done.err
    written = done.json()
    assert written["proven"] == written["captures"] > 15
    content = tmp_path / "handed-over" / data
    (captures,) = (content / "captures").glob("*.warc.gz")
    leaves = {leaf.hex() for _, _, leaf in members_with_leaves(captures)}
    proofs = [json.loads(line) for line in (content / "metadata" / "custody-proofs.jsonl").read_text().splitlines()]
    key = public_key(demo)
    for proof in proofs:
        assert check(proof, [key])
        assert proof["record"]["leaf"] in leaves
    kept = (content / "metadata" / "custody-checkpoint.txt").read_text()
    assert "it is the checkpoint that you kept" in check(proofs[0], [key], kept=kept)


def test_a_data_set_cites_the_checkpoint(demo: Path, tmp_path: Path) -> None:
    done = newswarc("dataset", "build", "cited", "--to", tmp_path / "sets", "--quiet", cwd=demo)
    assert done.code == 0, done.err
    version = tmp_path / "sets" / "datasets" / "cited" / "1"
    newest = newswarc("custody", "checkpoint", cwd=demo).out
    assert json.loads((version / "manifest.json").read_text())["checkpoint"] == newest
    name, size, root = newest.split("\n")[:3]
    assert f"the log of custody {name} had {size} entries" in (version / "README.md").read_text()
    for file in ("CITATION.cff", "citation.bib"):
        assert root in (version / file).read_text(), file


def test_a_log_without_a_checkpoint_yet_gives_a_wacz_without_proofs(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(demo / "newswarc-data", tmp_path / "newswarc-data")
    (tmp_path / "newswarc-data" / "custody" / "checkpoint").unlink()
    done = newswarc("wacz", "-o", "x.wacz", "--json", cwd=tmp_path)
    assert (done.code, done.json()["proven"]) == (0, 0), done.err


def test_a_wacz_signed_with_a_certificate_is_not_called_damaged(demo: Path, signed: Path) -> None:
    def certified(name: str, data: bytes) -> bytes:
        if name != "datapackage-digest.json":
            return data
        claimed = json.loads(data)
        del claimed["signedData"]["publicKey"]
        claimed["signedData"] |= {"domain": "pier.example", "domainCert": "-----BEGIN CERTIFICATE-----"}
        return json.dumps(claimed).encode()

    forged = rewritten(signed, certified, digests=False)
    done = newswarc("custody", "check", forged, "--key", public_key(demo), cwd=demo)
    assert done.code == 0, done.err
    assert "signed with a certificate, which is not checked here" in done.out


def test_a_proof_with_the_cosignature_of_a_witness_holds_from_end_to_end(demo: Path, proof: Path) -> None:
    plain, key = newswarc("custody", "checkpoint", cwd=demo).out, public_key(demo)
    witness = WitnessServer("breakwater.example/w", [VerifierKey.parse(key)], int(time.time()))
    with witness.serving() as address:
        (demo / "newswarc.toml").write_text(
            f'{(demo / "newswarc.toml").read_text()}custody_witnesses = ["{address} {witness.key}"]\n'
        )
        assert newswarc("custody", "cosign", cwd=demo).err.startswith(f"{witness.key.name}: cosigned ")
        again = newswarc("custody", "cosign", "--json", cwd=demo)
        assert (again.code, again.out.strip(), again.err) == (0, "[]", "")
    assert newswarc("custody", "checkpoint", cwd=demo).out.startswith(plain)
    url = json.loads(proof.read_text())["about"]["url"]
    taken = newswarc("custody", "prove", url, "-o", "proof.json", cwd=demo)
    assert (taken.code, "proof.json: is there already" in taken.err) == (2, True)
    assert newswarc("custody", "prove", url, "-o", "cosigned.json", cwd=demo).code == 0

    def checked(*words: object) -> Finished:
        return newswarc("custody", "check", *words, cwd=demo)

    def verified_alone(*words: object) -> Finished:
        return verified(demo, *words)

    for check_of in (checked, verified_alone):
        done = check_of("cosigned.json", "--key", key, "--witness", str(witness.key))
        assert (done.code, done.err) == (0, "")
        assert "cosigned by the witness breakwater.example/w" in done.out
        done = check_of("proof.json", "--key", key, "--witness", str(witness.key))
        assert (done.code, "breakwater.example/w has not cosigned" in done.err) == (1, True)
        forged = json.loads((demo / "cosigned.json").read_text())
        head, _, last = forged["log"].rstrip("\n").rpartition(" ")
        forged["log"] = f"{head} {last[:40]}{'B' if last[40] == 'A' else 'A'}{last[41:]}\n"
        (demo / "forged.json").write_text(json.dumps(forged))
        done = check_of("forged.json", "--key", key, "--witness", str(witness.key))
        assert (done.code, done.out) == (1, "")
