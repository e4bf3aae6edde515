"""Other people's programs: Go's log and notes, ssh-agent, a PKCS#11 module."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.clock_and_ids import FixedClockAndIds
from archive.custody.entries import EntryKind, LogEntry
from archive.custody.notes import Checkpoint
from archive.custody.sequencer import CHECKPOINT_KEY, Sequencer, signed_key
from archive.custody.signing import KeyRefused, create_key, open_signer, verifier_key, works
from archive.custody.tiles import Tiles
from archive.storage.local import LocalStorage

ORIGIN = "tide-gazette.example/custody"
GO_SOURCES = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
SOFT_MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")

_CHECKER = """package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	Note, Key                  string
	Size, Index, Earlier       int64
	Root, EarlierRoot, Entry   []byte
	Path, Growth               [][]byte
}

func hashes(raw [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(raw))
	for i, one := range raw { copy(found[i][:], one) }
	return found
}

func main() {
	var in []input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil { panic(err) }
	for _, one := range in {
		verifier, err := note.NewVerifier(one.Key)
		if err != nil { panic(err) }
		if _, err := note.Open([]byte(one.Note), note.VerifierList(verifier)); err != nil { panic(err) }
		var root, earlier tlog.Hash
		copy(root[:], one.Root); copy(earlier[:], one.EarlierRoot)
		if err := tlog.CheckRecord(hashes(one.Path), one.Size, root, one.Index, tlog.RecordHash(one.Entry)); err != nil { panic(err) }
		if err := tlog.CheckTree(hashes(one.Growth), one.Size, root, one.Earlier, earlier); err != nil { panic(err) }
	}
	fmt.Println(len(in))
}
"""


@pytest.mark.skipif(
    shutil.which("go") is None or not GO_SOURCES.exists(), reason="needs Debian's golang and golang-golang-x-mod-dev"
)
def test_go_agrees_about_notes_and_proofs(tmp_path: Path) -> None:
    storage, key = LocalStorage(tmp_path / "archive"), create_key(tmp_path / "key", b"")
    work = Sequencer(storage, [key], FixedClockAndIds())
    work.begin(ORIGIN)
    cases = []
    sizes = [2, 3, 4, 7, 8, 255, 256, 257, 300, 600]
    for size in sizes:
        while (at := Checkpoint.parse((storage.root / CHECKPOINT_KEY).read_text()).size) < size:
            if size - at > 1 and size > 8:
                grow_at_once(storage, key, size - at)
                work = Sequencer(storage, [key], FixedClockAndIds())
            else:
                work.add(LogEntry(kind=EntryKind.KEY, at="", reason=f"entry {at}"))
        tiles, note = Tiles(storage), (storage.root / signed_key(size)).read_text()
        for index in sorted({0, size // 2, size - 1}):
            earlier = sizes[sizes.index(size) - 1] if size > 2 else 1
            cases.append(
                {
                    "Note": note, "Key": str(verifier_key(ORIGIN, key)), "Size": size, "Index": index, "Earlier": earlier,
                    "Root": encoded(tiles.root(size)), "EarlierRoot": encoded(tiles.root(earlier)),
                    "Entry": encoded(tiles.entry(index, size)),
                    "Path": [encoded(part) for part in tiles.inclusion_path(index, size)],
                    "Growth": [encoded(part) for part in tiles.consistency_path(earlier, size)],
                }
            )  # fmt: skip
    (tmp_path / "check.go").write_text(_CHECKER)
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(tmp_path / "cache"),
    }
    command = ["go", "run", "check.go"]
    done = subprocess.run(
        command, cwd=tmp_path, input=json.dumps(cases), env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(cases) >= 25


def grow_at_once(storage: LocalStorage, key: object, count: int) -> None:
    from archive.holdings import note_manifest

    for number in range(count):
        data = b"%d" % number
        note_manifest(storage, "quay", f"datasets/{count}/{number}/manifest.json", data)
    Sequencer(storage, [key], FixedClockAndIds()).run()  # type: ignore[list-item]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """The socket of an ssh-agent that holds two Ed25519 keys and another."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("needs ssh-agent")
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert process.poll() is None
        for name, kind in (("harbour", "ed25519"), ("pier", "ed25519"), ("old", "ecdsa")):
            path = str(tmp_path / name)
            subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", path], check=True)
            subprocess.run(["ssh-add", "-q", path], env={**os.environ, "SSH_AUTH_SOCK": str(socket)}, check=True)
        yield str(socket)
    finally:
        process.terminate()
        process.wait()


def test_ssh_agent_signs(agent: str, tmp_path: Path) -> None:
    signer = open_signer("agent:harbour", agent=agent)
    assert works(ORIGIN, signer)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", str(tmp_path / "harbour.pub")], capture_output=True, text=True)
    fingerprint = listed.stdout.split()[1]
    assert open_signer(f"agent:{fingerprint}", agent=agent).public == signer.public
    assert open_signer("agent:pier", agent=agent).public != signer.public
    with pytest.raises(KeyRefused, match="holds 2 Ed25519 keys"):
        open_signer("agent:", agent=agent)
    with pytest.raises(KeyRefused, match="no Ed25519 key old"):
        open_signer("agent:old", agent=agent)
    with pytest.raises(KeyRefused, match="SSH_AUTH_SOCK"):
        open_signer("agent:harbour")
    with pytest.raises(KeyRefused, match="does not answer"):
        open_signer("agent:harbour", agent=str(tmp_path / "nobody"))


def test_a_key_in_hardware_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not SOFT_MODULE.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("needs Debian's softhsm2")
    pytest.importorskip("pkcs11")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    made = create_key(tmp_path / "key.pem", b"")
    for words in (
        ["--init-token", "--free", "--label", "harbour", "--so-pin", "1234", "--pin", "5678"],
        [
            "--import",
            str(tmp_path / "key.pem"),
            "--token",
            "harbour",
            "--label",
            "custody",
            "--id",
            "01",
            "--pin",
            "5678",
        ],
    ):
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    place = f"pkcs11:token=harbour;object=custody?module-path={SOFT_MODULE}"
    signer = open_signer(place, lambda: b"5678")
    assert signer.public == made.public
    assert works(ORIGIN, signer)
    with pytest.raises(KeyRefused, match="module-path"):
        open_signer("pkcs11:token=harbour;object=custody")
    with pytest.raises(KeyRefused):
        open_signer(place.replace("object=custody", "object=none"), lambda: b"5678")
