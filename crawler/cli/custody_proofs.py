"""``newswarc custody prove``, ``check`` and ``verifier``: proofs that others check without the archive."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, OverwriteOption, page_address, reads_archive

if TYPE_CHECKING:
    from archive.captures import Capture


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
    overwrite: OverwriteOption = False,
) -> None:
    """Write a proof of one capture: what was recorded, in which segment, logged and signed when.

    `newswarc custody check` checks it; so does the program that `newswarc custody verifier` writes, without newswarc.
    """
    from archive.custody.proofs import Prover
    from archive.named_files import write_new

    context = context.with_flags(archive=uri)
    segment, capture = _capture(context, what, at)
    proof = Prover(context.archive).prove(segment, capture, with_bytes=not digest_only)
    write_new(output, proof, overwrite=overwrite)
    context.console().print(f"{output}: {counted(len(proof), 'byte')}", markup=False, highlight=False)


def _capture(context: ArchiveContext, what: str, at: str) -> tuple[str, Capture]:
    from uuid import UUID

    from archive.errors import BadAddress
    from archive.library import articles
    from archive.period import moment_of

    try:
        wanted = UUID(what.removeprefix("urn:uuid:"))
    except ValueError:
        wanted = None
    lookup = context.lookup_to_give_away  # a proof is made to be handed on
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


@reads_archive
def verifier(
    context: ArchiveContext,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    overwrite: OverwriteOption = False,
) -> None:
    """Write the program that checks proofs without newswarc: one file, to be read and handed on with them."""
    from archive.custody import standalone
    from archive.named_files import write_new

    write_new(output, Path(standalone.__file__).read_bytes(), overwrite=overwrite)
    context.console().print(f"{output}: run python {output} PROOF --key KEY", markup=False, highlight=False)
