"""Running the server: its services, what is done beside the readers, and its end."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from archive.errors import ArchiveError
from crawler.config import Configuration, ConfigurationError
from crawler.replay.program import find_program, running
from crawler.replay.replayed import Replayed, opened_for_replay
from crawler.replay.server import CAPTURES, WITHHELD, ReplayServer
from crawler.web.answering import Services
from crawler.web.application import application
from crawler.web.audit import AuditLog
from crawler.web.dataset_making import DatasetMaking
from crawler.web.downloads import Downloads
from crawler.web.patience import PatientProtocol
from crawler.web.policies import is_for_local_readers, listening, policy_of
from crawler.web.reading import ArchiveReader
from crawler.web.sessions import Sessions
from crawler.web.tokens import TokenFile

if TYPE_CHECKING:
    from crawler.web.operation import Operation

FRESH = 30.0
"""Seconds after which new segments and access rules are looked for."""
_MOST_CONNECTIONS = 500
_LARGEST_HEAD = 1 << 14
_GRACE = 5
"""Seconds that answers have to end when the server ends."""


def web_directory(configuration: Configuration) -> Path:
    """Where tokens and the audit log are."""
    return configuration.state_directory / "web"


@contextmanager
def services(configuration: Configuration, options: Sequence[str] = ()) -> Iterator[Services]:
    """All that the application needs. `options` are those of commands that name this archive and its settings.

    Raises ConfigurationError, BadAddress, StorageError or OSError.
    """
    policy = policy_of(configuration)
    directory = web_directory(configuration)
    reader = ArchiveReader(configuration, is_local=is_for_local_readers(configuration))
    files = Downloads(configuration.scratch_directory("downloads"), configuration.web_downloads)
    try:
        reader.refresh()
        yield Services(
            configuration,
            reader,
            policy,
            TokenFile(directory),
            Sessions(),
            AuditLog(directory),
            files,
            DatasetMaking(directory, options),
            cache(partial(_operation, configuration, reader, tuple(options))),
        )
    finally:
        files.close()
        reader.close()


def _operation(configuration: Configuration, reader: ArchiveReader, options: tuple[str, ...]) -> Operation:
    from crawler.web.crawl_control import CrawlControl
    from crawler.web.operation import Operation

    return Operation(configuration, reader, CrawlControl(configuration, web_directory(configuration), options))


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is about to answer."""

    address: str
    server: uvicorn.Server


def server_of(configuration: Configuration, made: Services) -> Running:
    """The server for the application. Raises ConfigurationError."""
    host, port = listening(configuration)
    config = uvicorn.Config(
        application(made, configuration.web_rate),
        host=host,
        port=port,
        log_level="error",
        access_log=False,
        # Who asks is found out by the guard, which believes named proxies alone
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        timeout_keep_alive=10,
        timeout_graceful_shutdown=_GRACE,
        ssl_certfile=configuration.web_certificate or None,
        ssl_keyfile=configuration.web_key or None,
    )
    scheme = "https" if configuration.web_certificate else "http"
    named = f"[{host}]" if ":" in host else host
    return Running(f"{scheme}://{named}:{port}/", uvicorn.Server(config))


def require_free(configuration: Configuration) -> None:
    """Raises ConfigurationError if this process cannot listen on the configured address and port."""
    host, port = listening(configuration)
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigurationError(f"web_listen: {host}: {error.strerror}; give an address of this machine") from error
    for family, kind, protocol, _, place in places:
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(place)
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    raise ConfigurationError(
                        f"serve: cannot listen on {host}:{port} ({error.strerror}); give another --port or --listen"
                    ) from error


def serve(
    configuration: Configuration,
    tell: Callable[[str], None],
    *,
    with_replay: bool = True,
    options: Sequence[str] = (),
) -> int:
    """Serve until a signal ends it; the exit code. `tell` gets lines for a person; `options` are those of commands
    that name this archive and its settings.

    Raises ConfigurationError, BadAddress, StorageError or OSError.
    """
    require_free(configuration)
    with ExitStack() as stack:
        made = stack.enter_context(services(configuration, options))
        ended = threading.Event()
        replayed = _replay(configuration, made, stack, tell) if with_replay else None
        keeping = threading.Thread(target=_keep_fresh, args=(made, replayed, ended, tell), name="fresh", daemon=True)
        run = server_of(configuration, made)
        keeping.start()
        tell(run.address)
        try:
            run.server.run()
        finally:
            ended.set()
            keeping.join(timeout=_GRACE)
        return 0 if run.server.started else 1


def _replay(
    configuration: Configuration, made: Services, stack: ExitStack, tell: Callable[[str], None]
) -> Replayed | None:
    """Start pywb on an origin of its own, if it is installed and readers can reach it."""
    is_local = is_for_local_readers(configuration)
    if not is_local and not configuration.web_replay:
        tell("no replay: set web_replay to the URL at which readers elsewhere reach it")
        return None
    try:
        program = find_program(configuration.pywb)
    except ConfigurationError as error:
        tell(f"no replay: {error}")
        return None
    replayed = stack.enter_context(opened_for_replay(configuration.archive, configuration, is_local=is_local))
    files = stack.enter_context(ReplayServer(0, replayed.title, replayed.listing, replayed.reader, replayed.gate))
    collection = stack.enter_context(
        running(
            program,
            replayed.index_directory,
            f"{files.base}{CAPTURES}",
            replayed.acl,
            f"{files.base}{WITHHELD}",
            configuration.web_replay_port,
            _names(configuration),
        )
    )
    files.replay = collection
    made.replay = _origin(collection, configuration.web_replay)
    return replayed


def _names(configuration: Configuration) -> list[str]:
    """By which names beside those of loopback readers, or a proxy, may ask for the replay."""
    public = urlsplit(configuration.web_replay).hostname if configuration.web_replay else None
    return [public] if public else []


def _origin(collection: str, public: str) -> Callable[[str], str]:
    """Where a reader finds the replay: never under the host name of this server, so that the cookies of one are none
    of the other (RFC 6265, section 8.5: ports do not part them).
    """
    if public:
        return lambda _host: f"{public.rstrip('/')}/archive/"
    by_name = collection.replace("//127.0.0.1:", "//localhost:")
    return lambda host: by_name if host == "127.0.0.1" else collection


def _keep_fresh(
    made: Services, replayed: Replayed | None, ended: threading.Event, tell: Callable[[str], None]
) -> None:
    while not ended.wait(FRESH):
        try:
            made.reader.refresh()
            if replayed is not None:
                replayed.refresh()
        except (ArchiveError, OSError) as error:
            tell(f"new segments and access rules could not be read: {error}")
