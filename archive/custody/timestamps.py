"""Time stamps of checkpoints, by authorities that are not the archive's (RFC 3161).

A token says that a checkpoint was there at a moment, and with it all that it covers. It is kept as
``custody/timestamps/SIZE/AUTHORITY-TIME.tsr``, and logged itself: so a later stamp shows that the earlier one was
there while its certificate was good. What an authority answers is kept only if it holds: granted, of this checkpoint,
of this request (nonce), under a trusted root, and within `MOST_SKEW` of this machine's clock. One that fails delays
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.clock_and_ids import ClockAndIds
from archive.custody.entries import EntryKind, parse_entry
from archive.custody.notes import Checkpoint
from archive.custody.proofs import STAMPS
from archive.custody.sequencer import CHECKPOINT_KEY
from archive.custody.tiles import Tiles
from archive.errors import ArchiveError
from archive.holdings import note_manifest
from archive.storage.protocol import Storage

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MOST_SKEW = timedelta(minutes=5)
"""How far an authority's clock may be from this machine's."""
PAUSE = timedelta(hours=1)
"""The least time between two stamps by one authority."""
RENEWAL = timedelta(days=30)
"""Time before the end of a stamp's certificate from which on the checkpoint is stamped again."""
WRITER = "timestamps"
_STAMP = re.compile(r"(?P<authority>.+)-(?P<time>\d{14})\.tsr")


class NoStamps(ArchiveError):
    """Nothing can be stamped. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """What came of asking an authority."""

    authority: str
    """Its address."""
    size: int
    """Entries of the checkpoint."""
    at: str = ""
    """The time that it states (ISO 8601, UTC); empty when there is no stamp."""
    problem: str = ""
    """Why there is none; empty when there is one, or none was due."""


Ask = Callable[[str, bytes], bytes]
"""Sends a request to an address and gives the answer. Raises OSError."""


def authority_name(address: str) -> str:
    """What an authority is called in keys."""
    parts = urlsplit(address)
    return re.sub(r"[^a-z0-9.]+", "_", f"{parts.netloc}{parts.path}".lower()).strip("_")


class Stamper:
    """Has the newest checkpoint of a log stamped."""

    def __init__(
        self, storage: Storage, authorities: Sequence[str], roots: bytes, ask: Ask, clock: ClockAndIds
    ) -> None:
        """`roots` are the trusted certificates (PEM). Raises NoStamps."""
        try:
            import rfc3161_client
            from cryptography.x509 import load_pem_x509_certificates
        except ImportError as error:
            raise NoStamps("time stamps need: pip install 'newswarc[custody]'") from error
        self._client = rfc3161_client
        self._storage = storage
        self._authorities = tuple(authorities)
        self._ask = ask
        self._clock = clock
        self._tiles = Tiles(storage)
        try:
            self._roots = load_pem_x509_certificates(roots)
        except ValueError as error:
            raise NoStamps("custody_certificates: no certificates in PEM") from error

    def run(self) -> list[Stamped]:
        """Ask each authority that is due. Raises BadNote, DamagedArchive or StorageError."""
        with self._storage.open_range(CHECKPOINT_KEY) as stream:
            note = stream.read()
        size = Checkpoint.parse(note.decode("utf-8", "replace")).size
        known = self._known()
        return [
            self._stamp(authority, size, note)
            for authority in self._authorities
            if self._is_due(size, known.get(authority_name(authority)))
        ]

    def _known(self) -> dict[str, tuple[datetime, int, str]]:
        """The newest stamp of each authority: when, of how many entries, and its key."""
        newest: dict[str, tuple[datetime, int, str]] = {}
        for item in self._storage.list(STAMPS):
            size, _, name = item.key.removeprefix(STAMPS).partition("/")
            match = _STAMP.fullmatch(name)
            if match is not None and size.isdecimal():
                at = datetime.strptime(match["time"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                newest[match["authority"]] = max(
                    newest.get(match["authority"], (at, 0, "")), (at, int(size), item.key)
                )
        return newest

    def _is_due(self, size: int, last: tuple[datetime, int, str] | None) -> bool:
        if last is None:
            return True
        at, stamped, key = last
        now = self._clock.now()
        if now - at < PAUSE:
            return False
        return self._is_more(stamped, size) or self._ends(key) - now < RENEWAL

    def _is_more(self, stamped: int, size: int) -> bool:
        """Whether the log has more since then than stamps."""
        entries = (parse_entry(self._tiles.entry(index, size)) for index in range(stamped, size))
        return any(entry.kind is not EntryKind.TIMESTAMP for entry in entries)

    def _ends(self, key: str) -> datetime:
        with self._storage.open_range(key) as stream:
            response = self._client.decode_timestamp_response(stream.read())
        return certificate_end([bytes(der) for der in response.signed_data.certificates])

    def _stamp(self, authority: str, size: int, note: bytes) -> Stamped:
        request = (
            self._client.TimestampRequestBuilder()
            .data(note)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            answer = self._ask(authority, request.as_bytes())
        except OSError as error:
            return Stamped(authority, size, problem=f"it does not answer: {error}")
        try:
            response = self._client.decode_timestamp_response(answer)
            if response.status != self._client.PKIStatus.GRANTED:
                return Stamped(
                    authority, size, problem=f"it refuses: {', '.join(response.status_string) or 'no reason given'}"
                )
            at = response.tst_info.gen_time
            verifier = self._client.VerifierBuilder.from_request(request)
            for root in self._roots:
                verifier = verifier.add_root_certificate(root)
            verifier.build().verify_message(response, note)
        except (ValueError, self._client.VerificationError) as error:
            return Stamped(authority, size, problem=f"its answer does not hold: {error}")
        skew = at - self._clock.now()
        if abs(skew) > MOST_SKEW:
            said = f"it says that it is {at:%Y-%m-%d %H:%M:%S} UTC, {abs(skew)} from this machine's clock"
            return Stamped(authority, size, problem=f"{said}; one of both is wrong")
        if certificate_end([bytes(der) for der in response.signed_data.certificates]) < self._clock.now():
            return Stamped(authority, size, problem="its answer does not hold: its certificate has ended")
        key = f"{STAMPS}{size}/{authority_name(authority)}-{at:%Y%m%d%H%M%S}.tsr"
        self._storage.put_if_absent(key, answer)
        note_manifest(self._storage, WRITER, key, answer)
        return Stamped(authority, size, at.isoformat())


def certificate_end(certificates: Sequence[bytes]) -> datetime:
    """When the certificate that stamps ends: of those in DER the one that has this purpose, else the earliest end."""
    from cryptography import x509

    parsed = [x509.load_der_x509_certificate(der) for der in certificates]
    stamping = [certificate for certificate in parsed if _stamps(certificate)] or parsed
    return min(
        (certificate.not_valid_after_utc for certificate in stamping), default=datetime.max.replace(tzinfo=UTC)
    )


def _stamps(certificate: Certificate) -> bool:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage.value
