"""``newswarc custody``: a log of what the archive took in, signed, for others to check."""

from __future__ import annotations

import json
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, JsonOption, page_address, reads_archive

if TYPE_CHECKING:
    from archive.captures import Capture
    from archive.custody.sequencer import Logged, Sequencer
    from archive.custody.signing import Signer

custody = typer.Typer(
    name="custody",
    help="Prove what the archive holds, since when, and that nobody changed it: a signed log.",
    no_args_is_help=True,
)
OriginArgument = Annotated[
    str, typer.Argument(metavar="ORIGIN", help="Name of the log for ever: an address without https://.")
]


def ask_password() -> str:
    """The password of a signing key, from the terminal; empty where there is none."""
    if not sys.stdin.isatty():
        return ""
    return str(typer.prompt("Password of the signing key", hide_input=True, err=True, default="", show_default=False))


def _signers(context: ArchiveContext) -> list[Signer]:
    from crawler.keeping.custody import signers

    return signers(context.configuration, ask_password)


def _sequencer(context: ArchiveContext) -> Sequencer:
    from crawler.keeping.custody import sequencer

    return sequencer(context.configuration, context.storage(), _signers(context))


def _conclude(context: ArchiveContext, done: Logged, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    context.console(quiet=as_json).print(
        f"added to the log: {done.added}; it has {counted(done.size, 'entry')}", markup=False, highlight=False
    )


@custody.command("key")
@reads_archive
def key(
    context: ArchiveContext,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Make a new key in this file.")] = None,
    origin: Annotated[
        str, typer.Option("--origin", help="Name that the key signs under; default: the archive's log.")
    ] = "",
    ml_dsa: Annotated[
        bool, typer.Option("--ml-dsa", help="Make a key for ML-DSA-44, which holds against quantum computers.")
    ] = False,
    wacz_key: Annotated[
        bool, typer.Option("--wacz", help="The key that signs WACZ files: set wacz_key to its FILE.")
    ] = False,
    open_key: Annotated[bool, typer.Option("--no-password", help="Leave the new key unencrypted.")] = False,
) -> None:
    """Make a signing key, or show the public half of the configured ones, for others to trust.

    The password is read from `custody_password_file`, or you are asked for it.
    """
    from archive.custody.notes import ED25519, ML_DSA_44
    from archive.custody.signing import create_key, verifier_key
    from archive.custody.wacz_signature import create_wacz_key
    from crawler.keeping.custody import password_of, wacz_key_of

    name = origin
    if wacz_key and file is None:
        if (signing := wacz_key_of(context.configuration, ask_password)) is None:
            raise UsageError(
                "wacz_key is not set; make a key with `newswarc custody key --wacz FILE`, and set wacz_key to FILE"
            )
        typer.echo(signing.public)
        return
    if file is not None:
        secret = b"" if open_key else password_of(context.configuration, ask_password)
        if not open_key and not secret:
            raise UsageError(
                "custody key: no password; set custody_password_file, or leave the key unencrypted with --no-password"
            )
        if wacz_key:
            typer.echo(create_wacz_key(file, secret or b"").public)
            return
        keys: list[Signer] = [create_key(file, secret or b"", algorithm=ML_DSA_44 if ml_dsa else ED25519)]
        if not name:
            context.console().print(
                f"{file}: made; set custody_key to it, and `newswarc custody key --origin NAME` shows its public half"
            )
            return
    else:
        name = name or _origin(context)
        keys = _signers(context)
    for made in keys:
        typer.echo(str(verifier_key(name, made)))


def _origin(context: ArchiveContext) -> str:
    from archive.custody.claims import read_claim
    from archive.custody.entries import parse_entry

    first = read_claim(context.storage(), 0)
    if first is None:
        raise UsageError(
            "custody: this archive has no log yet; begin one with `newswarc custody begin` or `adopt`, or give "
            "--origin NAME"
        )
    return parse_entry(first.entries[0].encode()).origin


@custody.command("begin")
@reads_archive
def begin(
    context: ArchiveContext, origin: OriginArgument, uri: ArchiveArgument = None, as_json: JsonOption = False
) -> None:
    """Begin the log of a new archive. For one that holds something already, use `newswarc custody adopt`."""
    _begin(context.with_flags(archive=uri), origin, adopts=False, as_json=as_json)


@custody.command("adopt")
@reads_archive
def adopt(
    context: ArchiveContext, origin: OriginArgument, uri: ArchiveArgument = None, as_json: JsonOption = False
) -> None:
    """Begin the log of an archive that holds something already. It proves nothing about the time before."""
    _begin(context.with_flags(archive=uri), origin, adopts=True, as_json=as_json)


def _begin(context: ArchiveContext, origin: str, *, adopts: bool, as_json: bool) -> None:
    from archive.holdings import manifest_keys, note_all

    if not origin or "+" in origin or any(map(str.isspace, origin)) or "://" in origin:
        raise UsageError(f"custody: {origin!r} cannot name a log; write an address such as archive.example/custody")
    sequencer = _sequencer(context)
    standing = sum(1 for _ in manifest_keys(context.storage()))
    if standing and not adopts:
        raise UsageError(
            f"custody begin: {standing} manifests stand here already; run newswarc custody adopt {origin}"
        )
    if adopts:
        note_all(context.storage())
    _conclude(context, sequencer.begin(origin, adopted=standing), as_json=as_json)


@custody.command("log")
@reads_archive
def log(context: ArchiveContext, uri: ArchiveArgument = None, as_json: JsonOption = False) -> None:
    """Log what is stored but not logged yet, finish what a killed run began, and sign the new checkpoint."""
    context = context.with_flags(archive=uri)
    _conclude(context, _sequencer(context).run(), as_json=as_json)


@custody.command("checkpoint")
@reads_archive
def checkpoint(
    context: ArchiveContext,
    uri: ArchiveArgument = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here, not to standard output.")
    ] = None,
) -> None:
    """Show the newest checkpoint, with the signatures of witnesses.

    Kept out of reach of those who can write to the archive, it proves the past.
    """
    from archive.custody.sequencer import CHECKPOINT_KEY
    from archive.custody.witnesses import with_cosignatures

    storage = context.with_flags(archive=uri).storage()
    with storage.open_range(CHECKPOINT_KEY) as stream:
        note = with_cosignatures(storage, stream.read().decode("utf-8", "replace"))
    if output is None:
        typer.echo(note, nl=False)
    else:
        output.write_text(note, encoding="utf-8")


@custody.command("prove")
@reads_archive
def prove(
    context: ArchiveContext,
    what: Annotated[str, typer.Argument(metavar="URL|ID", help="An address, or the id of an article's record.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    uri: ArchiveArgument = None,
    at: Annotated[
        str, typer.Option("--at", metavar="DATE", help="The capture nearest to this; default: newest.")
    ] = "",
    digest_only: Annotated[
        bool, typer.Option("--digest-only", help="Prove the record without telling what is in it.")
    ] = False,
) -> None:
    """Write a proof of one capture: what was recorded, in which segment, logged and signed when.

    `newswarc custody check` checks it; so does the program that `newswarc custody verifier` writes, without newswarc.
    """
    from archive.custody.proofs import Prover

    context = context.with_flags(archive=uri)
    segment, capture = _capture(context, what, at)
    output.write_bytes(Prover(context.archive).prove(segment, capture, with_bytes=not digest_only))
    context.console().print(f"{output}: {counted(output.stat().st_size, 'byte')}", markup=False, highlight=False)


def _capture(context: ArchiveContext, what: str, at: str) -> tuple[str, Capture]:
    from uuid import UUID

    from archive.errors import BadAddress
    from archive.library import articles
    from archive.period import moment_of

    try:
        wanted = UUID(what.removeprefix("urn:uuid:"))
    except ValueError:
        wanted = None
    lookup = context.lookup
    if wanted is None:
        moment = moment_of(at)
        if at and moment is None:
            raise UsageError(f"custody prove: --at {at!r} is not a date; write 2026-11-24 or 2026-11-24T10:30:00")
        entry = lookup.closest(page_address(what), moment)
        if entry is None:
            raise BadAddress(
                f"{what}: no capture of it here; newswarc find --match host lists what there is of a host"
            )
        return entry.segment, lookup.read(entry)
    article = next((article for article in articles(context.archive) if article.id == wanted), None)
    if article is None or article.warc is None:
        raise BadAddress(f"{what}: no article's record has this id; give the address")
    entry = next(entry for entry in lookup.find(article.url) if entry.offset == article.warc.offset)
    return entry.segment, lookup.read(entry)


def _verifier_key(text: str, option: str = "--key or custody_trusted") -> str:
    """The key as given. Raises UsageError for what is none."""
    from archive.custody.standalone import Refused, parsed_key

    try:
        parsed_key(text)
    except (Refused, ValueError) as error:
        raise UsageError(
            f"custody check: {text[:40]!r} ({option}) is not a verifier key; give "
            "NAME+ID+BASE64, as `newswarc custody key` prints it for the archive's owner"
        ) from error
    return text


@custody.command("check")
@reads_archive
def check(
    context: ArchiveContext,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proof, or a WACZ file.")],
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="NAME+ID+BASE64", help="Key of the log to trust. Repeatable. Default: custody_trusted."
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="The record, when the proof has its digest alone.")
    ] = None,
    checkpoint_file: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that was kept.")
    ] = None,
    authorities: Annotated[
        Path | None, typer.Option("--authorities", metavar="FILE", help="Certificates (PEM) of time authorities.")
    ] = None,
    witnesses: Annotated[
        list[str] | None,
        typer.Option(
            "--witness", metavar="NAME+ID+BASE64", help="Key of a witness that has to have cosigned. Repeatable."
        ),
    ] = None,
) -> int:
    """Check a proof, or a WACZ file with its signature and proofs, without the archive.

    Says why when one does not hold, with exit code 1.
    """
    from archive.custody.standalone import Refused
    from archive.custody.standalone import check as check_proof
    from archive.custody.wacz_check import Trusted, check_wacz

    trusted = [_verifier_key(key) for key in keys or context.configuration.custody_trusted]
    cosigned = [_verifier_key(key, "--witness") for key in witnesses or []]
    kept = checkpoint_file.read_text(encoding="utf-8") if checkpoint_file else ""
    try:
        if file.suffix == ".wacz" or zipfile.is_zipfile(file):
            told = check_wacz(file, Trusted(trusted, kept, authorities, cosigned))
        else:
            proof = json.loads(file.read_text(encoding="utf-8"))
            told = check_proof(proof, trusted, record.read_bytes() if record else None, kept, authorities, cosigned)
        for line in told:
            typer.echo(f"ok  {line}")
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file}: neither a proof, as `newswarc custody prove` writes it, nor a WACZ file"
        ) from error
    except Refused as error:
        typer.echo(f"newswarc: {file}: not proven: {error}", err=True)
        return 1
    return 0


@custody.command("verifier")
@reads_archive
def verifier(
    context: ArchiveContext,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
) -> None:
    """Write the program that checks proofs without newswarc: one file, to be read and handed on with them."""
    from archive.custody import standalone

    output.write_bytes(Path(standalone.__file__).read_bytes())
    context.console().print(f"{output}: run python {output} PROOF --key KEY", markup=False, highlight=False)


@custody.command("stamp")
@reads_archive
def stamp(context: ArchiveContext, uri: ArchiveArgument = None, as_json: JsonOption = False) -> int:
    """Have the newest checkpoint stamped by the time authorities that are due. Exit code 1 when one failed."""
    from crawler.keeping.custody import stamper

    context = context.with_flags(archive=uri)
    asking = stamper(context.configuration, context.storage())
    if asking is None:
        raise UsageError("custody stamp: no time authority is set; name one or more as custody_authorities")
    done = asking.run()
    if as_json:
        typer.echo(json.dumps([asdict(stamped) for stamped in done]))
    for stamped in done:
        said = stamped.problem or f"{counted(stamped.size, 'entry', 'was', 'were')} there on {stamped.at}"
        typer.echo(f"{stamped.authority}: {said}", err=True)
    if not done and not as_json:
        context.console().print("nothing to stamp: it is done, or was done less than an hour ago")
    return 1 if any(stamped.problem for stamped in done) else 0


@custody.command("cosign")
@reads_archive
def cosign(context: ArchiveContext, uri: ArchiveArgument = None, as_json: JsonOption = False) -> int:
    """Have the newest checkpoint cosigned by the witnesses that have not done so. Exit code 1 when one did not."""
    from crawler.keeping.custody import cosigning

    context = context.with_flags(archive=uri)
    asking = cosigning(context.configuration, context.storage())
    if asking is None:
        raise UsageError("custody cosign: no witness is set; name one or more as custody_witnesses, `URL KEY` each")
    done = asking.run()
    if as_json:
        typer.echo(json.dumps([asdict(cosigned) for cosigned in done]))
    for cosigned in done:
        said = cosigned.problem or f"cosigned {counted(cosigned.size, 'entry')}"
        typer.echo(f"{cosigned.witness}: {said}", err=True)
    if not done and not as_json:
        context.console().print("nothing to cosign: each witness has cosigned the newest checkpoint")
    return 1 if any(cosigned.problem for cosigned in done) else 0


@custody.command("rotate")
@reads_archive
def rotate(
    context: ArchiveContext,
    new: Annotated[str, typer.Argument(metavar="KEY", help="The key that signs from now on, as in custody_key.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")] = "",
    stolen: Annotated[
        bool, typer.Option("--revoke", help="Trust the former key no more from now on, such as after a theft.")
    ] = False,
    uri: ArchiveArgument = None,
    as_json: JsonOption = False,
) -> None:
    """Change the signing key: both keys sign the entry that says so. Then set custody_key to the new one."""
    from archive.custody.entries import EntryKind, LogEntry
    from archive.custody.signing import open_signer, verifier_key
    from crawler.keeping.custody import password_of, sequencer

    context = context.with_flags(archive=uri)
    configuration, name = context.configuration, _origin(context)
    former = _signers(context)
    key = open_signer(new, lambda: password_of(configuration, ask_password), configuration.agent_socket)
    entry = LogEntry(
        kind=EntryKind.KEY,
        at="",
        keys=(str(verifier_key(name, key)),),
        revoked=tuple(str(verifier_key(name, signer)) for signer in former) if stolen else (),
        reason=reason,
    )
    _conclude(context, sequencer(configuration, context.storage(), [*former, key]).add(entry), as_json=as_json)
    context.console(quiet=as_json).print(f"set custody_key to {new}, and publish its public half", markup=False)
    typer.echo(str(verifier_key(name, key)), err=True)
