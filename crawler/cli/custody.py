"""``newswarc custody``: a log of what the archive took in, signed, for others to check."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.custody_proofs import check, prove, verifier
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, JsonOption, OverwriteOption, reads_archive

if TYPE_CHECKING:
    from archive.custody.sequencer import Logged, Sequencer
    from archive.custody.signing import Signer

custody = typer.Typer(
    name="custody",
    help="Prove what the archive holds, since when, and that nobody changed it: a signed log.",
    no_args_is_help=True,
)
custody.command("prove")(prove)
custody.command("check")(check)
custody.command("verifier")(verifier)
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
    overwrite: OverwriteOption = False,
) -> None:
    """Show the newest checkpoint, with the signatures of witnesses.

    Kept out of reach of those who can write to the archive, it proves the past.
    """
    from archive.custody.sequencer import signed_checkpoint
    from archive.custody.witnesses import with_cosignatures
    from archive.named_files import write_new

    storage = context.with_flags(archive=uri).archive
    note = signed_checkpoint(storage)
    if not note:
        raise UsageError(
            f"custody checkpoint: {storage.uri} has no log yet; begin one with `newswarc custody begin` or `adopt`"
        )
    note = with_cosignatures(storage, note)
    if output is None:
        typer.echo(note, nl=False)
    else:
        write_new(output, note.encode(), overwrite=overwrite)


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
    told = [
        (one.authority, one.problem, f"{counted(one.size, 'entry', 'was', 'were')} there on {one.at}") for one in done
    ]
    nothing = "nothing to stamp: it is done, or was done less than an hour ago"
    return _tell(context, [asdict(one) for one in done], told, nothing, as_json=as_json)


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
    told = [(one.witness, one.problem, f"cosigned {counted(one.size, 'entry')}") for one in done]
    nothing = "nothing to cosign: each witness has cosigned the newest checkpoint"
    return _tell(context, [asdict(one) for one in done], told, nothing, as_json=as_json)


def _tell(
    context: ArchiveContext,
    facts: list[dict[str, object]],
    told: list[tuple[str, str, str]],
    nothing: str,
    *,
    as_json: bool,
) -> int:
    """Say what came of asking others, each with the problem or what it did; the exit code."""
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
    for name, problem, what in told:
        typer.echo(f"{name}: {problem or what}", err=True)
    if not told:
        context.console(quiet=as_json).print(nothing, markup=False)
    return 1 if any(problem for _, problem, _ in told) else 0


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
