"""All settings in one frozen model: defaults, then ``newswarc.toml``, then ``NEWSWARC_…``, then flags.

The only module that reads the environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from archive.custody.notes import BadNote
from archive.custody.witnesses import Witness
from archive.errors import BadAddress
from archive.members import DIGEST_ALGORITHMS
from archive.storage.addresses import ArchiveAddress, parse_address
from archive.storage.s3_options import S3Options
from crawler.safety import AddressRules, BadAllowEntry, parse_allow_entry
from crawler.scheduling import Pace
from crawler.setting_values import (
    database_address,
    local_address,
    local_path,
    mail_server,
    mailbox,
    meant,
    program_line,
    service_address,
    web_address,
)
from crawler.state_place import ArchiveIdentity, StateOfAnother, claim, require_own, state_place
from crawler.trackers import TRACKERS
from pipelines.rules import Heed
from spiders.site import duration

ENVIRONMENT_PREFIX = "NEWSWARC_"
FILE_NAME = "newswarc.toml"
_FILE_VARIABLE = "NEWSWARC_CONFIG"
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_MIB = 1 << 20
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2."""


class ConfigurationError(Exception):
    """A setting is wrong. The message names the place, the key and the remedy; nothing was started."""


_CHECKS: dict[str, Callable[[str], str]] = {
    "frontier": database_address,
    "s3_endpoint": service_address,
    "alarm_webhook": web_address,
    "web_replay": web_address,
    "alarm_mail": mailbox,
    "alarm_smtp": mail_server,
    "alarm_command": program_line,
    "bind_address": local_address,
    **dict.fromkeys(
        (
            "state",
            "block_list",
            "stop_file",
            "event_log",
            "ca_file",
            "pywb",
            "browser_program",
            "custody_password_file",
            "custody_certificates",
            "custody_seen",
            "web_certificate",
            "web_key",
        ),
        local_path,
    ),
}
"""What the text of a setting has to be, when it is not empty."""


class Configuration(BaseModel):
    """What an operator can set. The docstring under each field is its line in the documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    archive: str = "newswarc-data"
    """Location of the archive: a directory, or `s3://bucket/prefix`."""
    state: str = ""
    """Directory for this machine's state (frontier and spool). Empty: `state/` inside a local archive, otherwise a
    directory below `newswarc-state/`."""
    frontier: str = ""
    """Database that records which URLs are known, due and captured: `postgresql://user@host/name` when several
    machines crawl together. Empty: SQLite in the state directory."""
    machine: str = ""
    """This machine's name among machines that share a frontier. Empty: the host name."""
    lease: float = Field(default=120.0, ge=5)
    """Seconds without a sign of life after which other machines take over a machine's hosts and sites. On a shared
    frontier, no exchange lasts longer."""
    lost_after: float = Field(default=86400.0, ge=60)
    """Seconds without a sign of life after which a worker counts as lost: what it captured but did not store is
    fetched again."""
    s3_endpoint: str = ""
    """URL of the S3 service. Empty: as boto3 finds it (`AWS_ENDPOINT_URL`, profile)."""
    s3_encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = ""
    """Encryption at rest: `AES256`, `aws:kms` or `aws:kms:dsse`. Empty: the bucket's default."""
    s3_encryption_key: str = ""
    """Key for `aws:kms` encryption. Empty: the account's default key."""
    s3_storage_class: str = ""
    """Storage class, such as `STANDARD_IA`. Empty: the service's default."""
    s3_lock: Literal["", "GOVERNANCE", "COMPLIANCE"] = ""
    """Object Lock mode for stored objects. Empty: the bucket's default."""
    s3_lock_days: int = Field(default=365, ge=1)
    """Days for which `s3_lock` locks an object."""
    s3_connect_timeout: float = Field(default=10.0, gt=0)
    """Seconds to wait for a connection to the S3 service."""
    s3_timeout: float = Field(default=60.0, gt=0)
    """Seconds to wait for a response from the S3 service before the request is sent again."""
    s3_attempts: int = Field(default=5, ge=1)
    """Maximum number of times a request to the S3 service is sent. After that, the whole step is retried later."""
    contact: str = ""
    """How site owners can reach you: a web page or an e-mail address. Part of the User-Agent."""
    user_agent: str = ""
    """The complete User-Agent. Empty: built from the software's version and `contact`."""
    sites: tuple[str, ...] = ()
    """Directories with your own site definitions, searched before the bundled ones."""
    allow_hosts: tuple[str, ...] = ()
    """Internal addresses that may be contacted, as they appear in URLs: `host`, `host:port`, `CIDR`, `CIDR:port`.
    `resolve:CIDR` and `resolve:CIDR:port` also allow hosts whose names resolve into that network."""
    obey_robots: bool = True
    """Whether to obey robots.txt."""
    delay: float = Field(default=1.0, ge=0)
    """Seconds between two requests to the same host. A site's own `delay` takes precedence."""
    concurrency: int = Field(default=16, ge=1)
    """Maximum number of concurrent requests, over all hosts."""
    longest_delay: float = Field(default=30.0, ge=0)
    """Longest `Crawl-delay` in robots.txt that is obeyed, in seconds."""
    block_list: str = ""
    """File listing hosts or URL prefixes that are never requested, one per line. Read again when it changes."""
    stop_file: str = ""
    """While this file exists, no crawl starts, and running crawls shut down cleanly."""
    alarm_webhook: str = ""
    """URL to which `newswarc watch` sends alarms, as JSON with a `text` that chat services display."""
    alarm_mail: str = ""
    """Mailbox to which alarms are sent."""
    alarm_smtp: str = "localhost:25"
    """Mail server, `host:port`, that accepts mail without a login."""
    alarm_command: str = ""
    """Program with arguments, run for each alarm with the JSON on its standard input."""
    event_log: str = ""
    """File to which one line of JSON is written for each exchange, page and problem. `-` is standard error. Empty:
    none."""
    verify_within: float = Field(default=90.0, ge=0)
    """Days after which `newswarc watch` sends an alarm if not every byte of the archive was verified again
    (`newswarc verify --deep`). 0: never."""
    site_sources: int = Field(default=500, ge=0)
    """Maximum number of feeds, sitemaps and sections that one run follows from other sources of a site. 0: no
    limit."""
    site_requests: int = Field(default=50_000, ge=0)
    """Maximum number of requests to one site in one run; the rest waits for the next run. 0: no limit."""
    concurrency_per_host: int = Field(default=1, ge=1)
    """Maximum number of concurrent requests to one host."""
    concurrency_per_address: int = Field(default=0, ge=0)
    """Maximum number of concurrent requests to one IP address, whichever hosts share it. 0: no limit. One address of
    a large provider may serve thousands of newspapers; one address of a small host may serve ten and be easily
    overloaded."""
    timeout: float = Field(default=60.0, gt=0)
    """Seconds for one exchange, from connecting to the last byte."""
    connect_timeout: float = Field(default=20.0, gt=0)
    """Seconds for connecting, including TLS and proxy."""
    first_byte_timeout: float = Field(default=30.0, gt=0)
    """Seconds from the request to the first byte of the response."""
    idle_timeout: float = Field(default=30.0, gt=0)
    """Seconds between two bytes of a response."""
    give_up_weeks: float = Field(default=4.0, gt=0)
    """Weeks for which an article that fails or is refused is tried again, while a source still lists it."""
    retries: int = Field(default=2, ge=0)
    """How often an attempt that failed for a temporary reason is repeated within a run."""
    max_body: int = Field(default=32 * _MIB, ge=1024)
    """Maximum size of a response body in bytes; a longer one is truncated and marked so."""
    bind_address: str = ""
    """Local address to connect from. Empty: the system chooses."""
    verify_certificates: bool = True
    """Whether a bad TLS certificate ends an attempt."""
    ca_file: str = ""
    """File of certificate authorities (PEM) to trust in addition to the system's, such as an organisation's own."""
    redact_headers: tuple[str, ...] = ("authorization", "proxy-authorization")
    """Request headers whose values are sent but not written to the WARC file."""
    usual_interval: float = Field(default=3600.0, gt=0)
    """With `crawl --due`: seconds between two reads of a source that publishes one article in three hours. A source
    with four times as many is read twice as often."""
    shortest_interval: float = Field(default=300.0, gt=0)
    """With `crawl --due`: minimum number of seconds between two reads of a source."""
    longest_interval: float = Field(default=30 * 86400.0, gt=0)
    """With `crawl --due`: maximum number of seconds between two reads of a source."""
    recapture: tuple[str, ...] = ("1h", "1d", "7d")
    """Ages at which an article is fetched again, conditionally, to find corrections. Empty: never. A site's own
    `recapture` takes precedence."""
    heed: tuple[Heed, ...] = ()
    """Declarations that keep a page from becoming a record: `noarchive`, `noindex`, `noai`, `tdm`. The page is
    captured all the same, with the outcome `reserved`. A site's own `heed` (below `extraction`) takes precedence."""
    requisites: bool = False
    """Whether to capture what pages need to display properly: styles, pictures, scripts, fonts. A site's own
    `requisites` takes precedence."""
    requisite_count: int = Field(default=200, ge=0)
    """Maximum number of requisites per page."""
    requisite_bytes: int = Field(default=64 * _MIB, ge=0)
    """Bytes received for one page's requisites after which no more are requested."""
    requisite_time: float = Field(default=300.0, gt=0)
    """Seconds from the first response after which no more of a page's requisites are requested."""
    requisite_age: float = Field(default=86400.0, ge=0)
    """Seconds after which a captured requisite is requested again, conditionally."""
    trackers: tuple[str, ...] = TRACKERS
    """Hosts, including their subdomains, from which requisites are never requested."""
    browser: Literal["never", "fallback", "always"] = "never"
    """Which pages are rendered in a browser: `never` any, as a `fallback` those whose text is found nowhere else, or
    `always` all pages and sections. A site's own `browser` takes precedence. Needs the extra `browser`, and
    Chromium."""
    browser_program: str = "/usr/bin/chromium"
    """Path of Chromium."""
    browser_isolation: Literal["namespace", "flags"] = "namespace"
    """What keeps the browser in: `namespace`, the kernel: nothing but the crawl can be reached; or `flags`, its own
    settings alone, where namespaces are forbidden."""
    browser_user: str = "nobody"
    """The user who runs the browser when the crawl is root's."""
    browser_sandbox: bool = True
    """Whether Chromium's own sandbox is on."""
    browser_pages: int = Field(default=2, ge=1)
    """Maximum number of pages that are open in the browser."""
    browser_seconds: float = Field(default=60.0, gt=0)
    """Seconds for one page in the browser."""
    browser_cpu: float = Field(default=30.0, gt=0)
    """Seconds of processor time for one page in the browser."""
    browser_requests: int = Field(default=500, ge=1)
    """Maximum number of requests of one page in the browser."""
    browser_bytes: int = Field(default=128 * _MIB, ge=1024)
    """Bytes received for one page in the browser after which it gets no more."""
    browser_delay: float = Field(default=0.1, ge=0)
    """Seconds between two requests of pages in the browser to the same host; a `Crawl-delay` in robots.txt takes
    precedence."""
    pywb: str = ""
    """Path of pywb's program `wayback`, for `newswarc replay`. Empty: searched for."""
    web_listen: str = "127.0.0.1:8091"
    """Address and port of `newswarc serve`. An address other than this machine's own needs `web_guard`."""
    web_guard: Literal["", "tokens", "proxy"] = ""
    """What tells who is asking: `tokens` (`newswarc token add`), or `proxy`, a login proxy in front that names the
    user. Empty: nothing, for this machine only."""
    web_anyone: tuple[Literal["read", "download", "curate", "operate"], ...] = ()
    """Roles of everyone without a token, and of everyone whom the proxy names. Empty: with `web_guard = "tokens"`
    none, otherwise `read` and `download`."""
    web_hosts: tuple[str, ...] = ()
    """Names under which readers reach the server, beside `localhost` and its own address."""
    web_proxies: tuple[str, ...] = ()
    """Addresses of proxies in front. Only they may connect, and what they say about the client is believed."""
    web_user_header: str = "X-Forwarded-User"
    """With `web_guard = "proxy"`: the header in which the proxy names the user."""
    web_users: tuple[str, ...] = ()
    """With `web_guard = "proxy"`: users with other roles than `web_anyone`, each as `NAME=ROLE+ROLE`."""
    web_group_header: str = ""
    """With `web_guard = "proxy"`: the header in which the proxy names the user's groups, parted by `,` or `|`,
    such as `X-Forwarded-Groups`. Empty: groups are not heeded."""
    web_groups: tuple[str, ...] = ()
    """With `web_group_header`: roles that members of groups have beside those of `web_anyone` or `web_users`, each as
    `GROUP=ROLE+ROLE`."""
    web_certificate: str = ""
    """File with the TLS certificate chain (PEM). Empty: no TLS."""
    web_key: str = ""
    """File with the certificate's private key (PEM)."""
    web_rate: float = Field(default=20.0, ge=0)
    """Requests per second that one client may send; four times as many at once. 0: no limit."""
    web_replay: str = ""
    """URL under which a proxy in front makes the replay of `newswarc serve` reachable, on a host name of its own and
    guarded like the server. Empty: replay for readers on this machine only."""
    web_replay_port: int = Field(default=0, ge=0, le=65535)
    """Port of the replay on this machine. 0: any free port."""
    web_downloads: int = Field(default=20 * 1024 * _MIB, ge=_MIB)
    """Bytes that downloads take on this machine while they are made and can be resumed."""
    segment_prefix: str = Field(default="newswarc", pattern=r"^[A-Za-z0-9_]+$")
    """First part of segment names."""
    segment_size: int = Field(default=1024 * _MIB, ge=_MIB)
    """Size in bytes at which a segment is closed."""
    segment_age: float = Field(default=3600.0, gt=0)
    """Age in seconds at which a segment is closed."""
    sync_interval: float = Field(default=2.0, gt=0)
    """Maximum number of seconds until received data is durable on disk."""
    sync_bytes: int = Field(default=8 * _MIB, ge=1)
    """Maximum number of received bytes that are not yet durable on disk."""
    spool_budget: int = Field(default=20480 * _MIB, ge=_MIB)
    """Bytes that may wait on this machine while the storage can't be reached. Beyond that, fetching pauses."""
    least_free: int = Field(default=256 * _MIB, ge=0)
    """Bytes that must stay free on this machine's disk. With less, fetching pauses and open segments are closed."""
    host_patience: float = Field(default=45.0, ge=0)
    """Seconds that a run waits, when nothing else is left to do, for a host that asked for a short pause (429, 503).
    0: what it refused is left to a later run."""
    disk_patience: float = Field(default=600.0, ge=0)
    """Seconds that a run waits for a disk that refuses writes before it ends."""
    storage_patience: float = Field(default=300.0, gt=0)
    """Maximum number of seconds between two attempts to reach the storage."""
    keep_local: bool = False
    """Whether stored segments stay in the spool as well."""
    keep_index: bool = False
    """Whether crawls and `newswarc watch` keep the full-text index up to date, which `newswarc search` reads. Needs
    the extra `search`."""
    compression_level: int = Field(default=2, ge=1, le=9)
    """Compression level for data that did not arrive compressed. 1 to 3 are fast (ISA-L); 4 to 9 save up to a fifth
    of the size at ten times the processor time (zlib)."""
    digest: str = "sha256"
    """Digest algorithm for WARC records: `sha256` or `sha1`."""
    custody_key: str = ""
    """Key that signs the log of custody: a file that `newswarc custody key` made, `agent:` with the fingerprint or
    comment of a key in ssh-agent, or `pkcs11:token=TOKEN;object=LABEL?module-path=FILE`. Empty: nothing is logged
    from this machine."""
    custody_second_key: str = ""
    """Second key that signs too, such as one for ML-DSA-44. Empty: none."""
    custody_password_file: str = ""
    """File with the password of an encrypted `custody_key` or `wacz_key`, or the PIN of a hardware key. Empty: asked
    for on a terminal."""
    wacz_key: str = ""
    """Key that signs WACZ files: a file that `newswarc custody key --wacz` made. Empty: they are not signed."""
    custody_trusted: tuple[str, ...] = ()
    """Verifier keys (`NAME+ID+BASE64`) whose signatures `verify` and `custody check` accept. Empty: those that the
    log itself names, which proves less."""
    custody_authorities: tuple[str, ...] = ()
    """Time stamping authorities (RFC 3161) that stamp the newest checkpoint, each at most once an hour."""
    custody_certificates: str = ""
    """File of certificates (PEM) under which time stamps are trusted."""
    custody_witnesses: tuple[str, ...] = ()
    """Witnesses (C2SP tlog-witness) that cosign each new checkpoint: `URL NAME+ID+BASE64`, address and key."""
    custody_seen: str = ""
    """File in which this machine keeps the newest checkpoint it has signed or seen. Empty:
    `custody/seen-checkpoint` in the state directory."""
    extraction_workers: int = Field(default=0, ge=0)
    """Number of processes that extract text. 0: one per processor."""
    extraction_queue: int = Field(default=64, ge=1)
    """Number of captured pages that may wait for extraction before fetching slows down."""

    @field_validator("allow_hosts")
    @classmethod
    def _entries_are_valid(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            try:
                parse_allow_entry(entry)
            except BadAllowEntry as error:
                raise ValueError(str(error)) from error
        return entries

    @field_validator("custody_witnesses")
    @classmethod
    def _are_witnesses(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            try:
                Witness.parse(text)
            except BadNote as error:
                raise ValueError(str(error)) from error
        return texts

    @field_validator("recapture")
    @classmethod
    def _are_durations(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            duration(text)
        return texts

    @field_validator("archive")
    @classmethod
    def _is_archive(cls, text: str) -> str:
        try:
            parse_address(text)
        except BadAddress as error:
            raise ValueError(str(error)) from error
        return text

    @field_validator(*_CHECKS)
    @classmethod
    def _is_well_formed(cls, text: str, info: ValidationInfo) -> str:
        return _CHECKS[str(info.field_name)](text) if text else text

    @field_validator("digest")
    @classmethod
    def _digest_is_known(cls, name: str) -> str:
        if name not in DIGEST_ALGORITHMS:
            raise ValueError(f"{name!r} is not one of {', '.join(DIGEST_ALGORITHMS)}")
        return name

    @field_validator("redact_headers")
    @classmethod
    def _are_header_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a header; write one such as authorization")
        return names

    @field_validator("user_agent", "contact")
    @classmethod
    def _is_one_line(cls, text: str) -> str:
        if not text.isascii() or not text.isprintable():
            raise ValueError("only printable ASCII characters can be sent in a header")
        return text

    @property
    def seen_checkpoint_file(self) -> Path:
        """Where this machine keeps the newest checkpoint that it has signed or seen."""
        if self.custody_seen:
            return Path(self.custody_seen).expanduser()
        return self.state_directory / "custody" / "seen-checkpoint"

    @property
    def agent_socket(self) -> str:
        """Where ssh-agent listens; empty: none runs."""
        return os.environ.get("SSH_AUTH_SOCK", "")

    @property
    def address_rules(self) -> AddressRules:
        """Which addresses may be contacted."""
        return AddressRules(tuple(parse_allow_entry(entry) for entry in self.allow_hosts))

    @property
    def agent(self) -> str:
        """The User-Agent that is sent."""
        contact = f" (+{self.contact})" if self.contact else ""
        return self.user_agent or f"{software()}{contact}"

    @property
    def state_directory(self) -> Path:
        """Where this machine's state is."""
        if self.state:
            return Path(self.state).expanduser()
        try:
            return state_place(self.archive_address, self.s3_endpoint)
        except StateOfAnother as error:
            raise ConfigurationError(str(error)) from error

    @property
    def archive_address(self) -> ArchiveAddress:
        """Where the archive is."""
        return parse_address(self.archive)

    @property
    def archive_identity(self) -> ArchiveIdentity:
        """The archive as its state names it."""
        return ArchiveIdentity.of(self.archive_address, self.s3_endpoint, self.state_directory)

    def require_own_state(self) -> None:
        """Find out whether the state directory says that it is another archive's. Raises ConfigurationError."""
        try:
            require_own(self.state_directory, self.archive_identity)
        except StateOfAnother as error:
            raise ConfigurationError(str(error)) from error

    def claim_state(self) -> None:
        """Make the state directory this archive's. Raises ConfigurationError or OSError."""
        try:
            claim(self.state_directory, self.archive_identity)
        except StateOfAnother as error:
            raise ConfigurationError(str(error)) from error

    @property
    def holder(self) -> str:
        """This spool among those of all machines that share a frontier."""
        return f"{self.machine or socket.gethostname()}:{self.state_directory.absolute()}"

    @property
    def index_directory(self) -> Path:
        """Where this machine's merged index is."""
        return self.scratch_directory("index")

    def scratch_directory(self, name: str) -> Path:
        """A directory for what can be rebuilt at any time.

        It is in the state directory. Where nothing can be written there, as in an archive on a read-only disk, it is
        in the user's cache, or among temporary files.
        """
        usual = self.state_directory / name
        if _can_be_written(usual):
            return usual
        identity = json.dumps([str(self.archive_identity), str(self.state_directory.resolve())]).encode()
        places = (Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser(), Path(tempfile.gettempdir()))
        place = next((place for place in places if _can_be_written(place)), places[-1])
        return place / f"newswarc-{os.getuid()}" / f"{name}-{hashlib.sha256(identity).hexdigest()[:16]}"

    @property
    def block_list_file(self) -> Path | None:
        """The block list, if there is one."""
        return Path(self.block_list).expanduser() if self.block_list else None

    @property
    def authorities_file(self) -> Path | None:
        """Certificate authorities beside the system's, if there are any."""
        return Path(self.ca_file).expanduser() if self.ca_file else None

    @property
    def is_stopped(self) -> bool:
        """Whether the stop file exists."""
        return bool(self.stop_file) and Path(self.stop_file).expanduser().exists()

    @property
    def pace(self) -> Pace:
        """How often sources are read."""
        return Pace(self.usual_interval, self.shortest_interval, self.longest_interval)

    @property
    def s3(self) -> S3Options:
        """How a bucket is used."""
        return S3Options(
            endpoint=self.s3_endpoint,
            encryption=self.s3_encryption,
            encryption_key=self.s3_encryption_key,
            storage_class=self.s3_storage_class,
            lock_mode=self.s3_lock,
            lock_days=self.s3_lock_days,
            connect_timeout=self.s3_connect_timeout,
            read_timeout=self.s3_timeout,
            attempts=self.s3_attempts,
        )

    @property
    def workers(self) -> int:
        """How many processes extract."""
        return self.extraction_workers or os.cpu_count() or 1

    def with_flags(self, **flags: Any) -> Configuration:
        """The configuration with those flags that were given (not None). Raises ConfigurationError."""
        given = {name: value for name, value in flags.items() if value is not None}
        return _coherent(_validated({**self.model_dump(), **given}, "command line"))


def software() -> str:
    """Name and version of this software."""
    return f"newswarc/{version('newswarc')}"


def display_variables() -> dict[str, str]:
    """The variables of the environment that say where windows are shown; empty if they are shown nowhere."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR")
    found = {name: os.environ[name] for name in names if os.environ.get(name)}
    return found if {"DISPLAY", "WAYLAND_DISPLAY"} & set(found) else {}


def load_configuration(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Configuration:
    """Read the settings.

    `file` is given by ``--config``; without it ``NEWSWARC_CONFIG`` and then ``./newswarc.toml`` are looked for.
    Raises ConfigurationError.
    """
    environment = os.environ if environment is None else environment
    named = file or (Path(environment[_FILE_VARIABLE]) if environment.get(_FILE_VARIABLE) else None)
    values: dict[str, Any] = {}
    if named is not None or Path(FILE_NAME).is_file():
        path = named or Path(FILE_NAME)
        values = _read_file(path)
        _validated(values, str(path))
    from_environment = _from_environment(environment)
    _validated(from_environment, "environment", _variable)
    if not values.get("s3_endpoint") and not from_environment.get("s3_endpoint"):
        values["s3_endpoint"] = _endpoint_of_boto3(environment)
    return _coherent(_validated({**values, **from_environment}, "settings"))


def shared_cache() -> Path | None:
    """A directory for what can be made again and all archives of a user share; None: there is none."""
    try:
        place = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "newswarc"
    except RuntimeError:  # nobody knows where this user is at home
        return None
    return place if _can_be_written(place) else None


def environment_value(name: str) -> str | None:
    """A variable that a site's definition names for a secret."""
    return os.environ.get(name)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
        if data.startswith(_BYTE_ORDER_MARKS):
            raise ConfigurationError(f"{path}: starts with a byte order mark; save it as UTF-8 without one")
        return tomllib.loads(data.decode("utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: no such file; check --config or NEWSWARC_CONFIG") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror or error}; check --config") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or name == _FILE_VARIABLE:
            continue
        key = name.removeprefix(ENVIRONMENT_PREFIX).lower()
        if key not in Configuration.model_fields:
            hint = meant(key, Configuration.model_fields, _variable)
            raise ConfigurationError(f"environment: {name}: unknown variable{hint}")
        is_list = get_origin(Configuration.model_fields[key].annotation) is tuple
        values[key] = [part.strip() for part in text.split(",") if part.strip()] if is_list else text
    return values


def _variable(key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{key.upper()}"


def _validated(values: dict[str, Any], place: str, named: Callable[[str], str] = str) -> Configuration:
    """The settings; `named` says what a key is called at that place. Raises ConfigurationError."""
    for key, value in values.items():
        field = Configuration.model_fields.get(key)
        if isinstance(value, bool) and field is not None and field.annotation in (int, float):
            raise ConfigurationError(f"{place}: {named(key)}: {str(value).lower()} is not a number; write one")
    try:
        return Configuration(**values)
    except ValidationError as error:
        raise ConfigurationError(explain(error, place, named)) from error


def _coherent(configuration: Configuration) -> Configuration:
    """The configuration, if its settings go together. Raises ConfigurationError."""
    shortest, longest = configuration.shortest_interval, configuration.longest_interval
    if shortest > longest:
        raise ConfigurationError(
            f"settings: shortest_interval: {shortest:g} is more than longest_interval, {longest:g}; "
            "lower it, or raise longest_interval"
        )
    if configuration.s3_encryption_key and not configuration.s3_encryption.startswith("aws:kms"):
        raise ConfigurationError(
            "settings: s3_encryption_key: only used with aws:kms encryption; set s3_encryption too"
        )
    return configuration


def _endpoint_of_boto3(environment: Mapping[str, str]) -> str:
    """The S3 service that boto3 would take from the environment: two services are two archives."""
    if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return ""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        if text := environment.get(name, ""):
            try:
                return service_address(text)
            except ValueError as error:
                raise ConfigurationError(f"environment: {name}: {error}") from error
    return ""


def _can_be_written(directory: Path) -> bool:
    """Whether a directory can be written, or made."""
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    return os.access(directory, os.W_OK | os.X_OK)


def explain(error: ValidationError, place: str, named: Callable[[str], str] = str) -> str:
    """The first fault of a validation as one line: place, key, what is wrong."""
    fault = error.errors()[0]
    key = named(".".join(str(part) for part in fault["loc"])) or "(whole)"
    if fault["type"] == "extra_forbidden":
        return f"{place}: {key}: unknown key{meant(key, Configuration.model_fields)}"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {key}: {message[:1].lower()}{message[1:]}"


def configuration_table() -> str:
    """All settings as a Markdown table."""
    rows = ["| key | environment | default | meaning |", "|---|---|---|---|"]
    for name, field in Configuration.model_fields.items():
        default = field.default
        shown = ",".join(default) if isinstance(default, tuple) else str(default)
        meaning = " ".join((field.description or "").split())
        rows.append(f"| `{name}` | `{ENVIRONMENT_PREFIX}{name.upper()}` | `{shown or ' '}` | {meaning} |")
    return "\n".join(rows)
