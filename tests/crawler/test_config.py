from __future__ import annotations

from pathlib import Path

import pytest

from crawler.config import Configuration, ConfigurationError, load_configuration
from crawler.safety import AddressRules, BadAllowEntry, is_public, parse_allow_entry
from crawler.setting_files import require_files


def test_later_settings_count(tmp_path: Path) -> None:
    file = tmp_path / "newswarc.toml"
    file.write_text('archive = "from-file"\ndelay = 3\nallow_hosts = ["a.example"]\ncontact = "ops@example.org"\n')
    environment = {"NEWSWARC_DELAY": "4", "NEWSWARC_ALLOW_HOSTS": "127.0.0.1:8080, 127.0.0.0/28:8081", "OTHER": "x"}
    settings = load_configuration(file, environment)
    assert (settings.archive, settings.delay, settings.contact) == ("from-file", 4.0, "ops@example.org")
    assert settings.allow_hosts == ("127.0.0.1:8080", "127.0.0.0/28:8081")
    assert settings.with_flags(archive="from-flag", delay=None).archive == "from-flag"
    assert settings.with_flags(archive=None).delay == 4.0


def test_the_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("delay = 7")
    assert load_configuration(environment={"NEWSWARC_CONFIG": str(file)}).delay == 7


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("dealy = 1", {}, "newswarc.toml: dealy: unknown key"),
        ("delay = -1", {}, "newswarc.toml: delay: input should be greater than or equal to 0"),
        ("delay = ", {}, "newswarc.toml: not valid TOML"),
        (
            "",
            {"NEWSWARC_DELAY": "soon"},
            "environment: NEWSWARC_DELAY: input should be a valid number",
        ),
        (
            "",
            {"NEWSWARC_ALLOW_HOSTS": "10.0.0.0/33"},
            "environment: NEWSWARC_ALLOW_HOSTS: '10.0.0.0/33' is not host",
        ),
        (
            "",
            {"NEWSWARC_DIGEST": "md5"},
            "environment: NEWSWARC_DIGEST: 'md5' is not one of sha256, sha1",
        ),
        ("", {"NEWSWARC_CONTACT": "a\nb"}, "environment: NEWSWARC_CONTACT: only printable ASCII"),
        (
            "",
            {"NEWSWARC_RETIRES": "3"},
            "environment: NEWSWARC_RETIRES: unknown variable; did you mean NEWSWARC_RETRIES?",
        ),
        ("", {"NEWSWARC_XQ": "3"}, "environment: NEWSWARC_XQ: unknown variable; remove it"),
        ("retires = 3", {}, "newswarc.toml: retires: unknown key; did you mean retries?"),
        ("delay = inf", {}, "newswarc.toml: delay: input should be a finite number"),
        ("\ufeffdelay = 1", {}, "newswarc.toml: starts with a byte order mark; save it as UTF-8 without one"),
        ('archive = "s3:/news"', {}, "newswarc.toml: archive: s3:/news: not a valid location; write s3://news"),
        (
            "",
            {"NEWSWARC_ARCHIVE": "s3://ne ws/x"},
            "environment: NEWSWARC_ARCHIVE: s3://ne ws/x: 'ne ws' is not a valid bucket name",
        ),
        (
            "",
            {"NEWSWARC_S3_ENDPOINT": "minio:9000"},
            "environment: NEWSWARC_S3_ENDPOINT: 'minio:9000' has no scheme; write http://minio:9000",
        ),
        ("", {"AWS_ENDPOINT_URL": "minio:9000"}, "environment: AWS_ENDPOINT_URL: 'minio:9000' has no scheme"),
        (
            "",
            {"NEWSWARC_ALARM_WEBHOOK": "chat.example"},
            "environment: NEWSWARC_ALARM_WEBHOOK: 'chat.example' is not a URL",
        ),
        (
            "",
            {"NEWSWARC_ALARM_WEBHOOK": "https://[chat/"},
            "environment: NEWSWARC_ALARM_WEBHOOK: 'https://[chat/' is not a URL",
        ),
        ("", {"NEWSWARC_ALARM_MAIL": "me"}, "environment: NEWSWARC_ALARM_MAIL: 'me' is not an e-mail address"),
        (
            "",
            {"NEWSWARC_ALARM_SMTP": "mail.example"},
            "environment: NEWSWARC_ALARM_SMTP: 'mail.example' is not host:port",
        ),
        ("", {"NEWSWARC_ALARM_COMMAND": "say 'it"}, "environment: NEWSWARC_ALARM_COMMAND: \"say 'it\" can't be read"),
        ("", {"NEWSWARC_BIND_ADDRESS": "eth0"}, "environment: NEWSWARC_BIND_ADDRESS: 'eth0' is not an IP address"),
        (
            "",
            {"NEWSWARC_STATE": "s3://news/state"},
            "environment: NEWSWARC_STATE: 's3://news/state' is not a local path",
        ),
        (
            "",
            {"NEWSWARC_EVENT_LOG": "https://logs.example/"},
            "environment: NEWSWARC_EVENT_LOG: 'https://logs.example/' is not a local path",
        ),
        (
            "shortest_interval = 50\nlongest_interval = 40",
            {},
            "settings: shortest_interval: 50 is more than longest_interval, 40; lower it",
        ),
        ('s3_encryption_key = "k"', {}, "settings: s3_encryption_key: only used with aws:kms encryption"),
    ],
)
def test_faults_are_one_line(tmp_path: Path, text: str, environment: dict[str, str], message: str) -> None:
    file = tmp_path / "newswarc.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(file, environment)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        load_configuration(tmp_path / "nothing.toml", {})


@pytest.mark.parametrize(
    ("archive", "state", "expected"),
    [
        ("here/data", "", "here/data/state"),
        ("file:///x/data", "", "/x/data/state"),
        ("file://localhost/x/data", "", "/x/data/state"),
        ("what?/data", "", "what?/data/state"),
        ("100%25/data", "", "100%25/data/state"),
        ("s3://bucket/prefix", "/var/state", "/var/state"),
    ],
)
def test_where_the_state_is(archive: str, state: str, expected: str) -> None:
    assert Configuration(archive=archive, state=state).state_directory == Path(expected)


def test_an_interval_may_be_set_apart_from_the_other(tmp_path: Path) -> None:
    file = tmp_path / "newswarc.toml"
    file.write_text("shortest_interval = 9e6")
    assert load_configuration(file, {"NEWSWARC_LONGEST_INTERVAL": "9.5e6"}).shortest_interval == 9e6


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    file = tmp_path / "newswarc.toml"
    file.write_bytes('contact = "caf\u00e9"'.encode("latin-1"))
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_configuration(file, {})


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({"AWS_ENDPOINT_URL": "http://one:9/"}, "http://one:9"),
        ({"AWS_ENDPOINT_URL": "http://one:9", "AWS_ENDPOINT_URL_S3": "http://two:9"}, "http://two:9"),
        ({"AWS_ENDPOINT_URL": "http://one:9", "NEWSWARC_S3_ENDPOINT": "http://own:9"}, "http://own:9"),
        ({"AWS_ENDPOINT_URL": "http://one:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""),
    ],
)
def test_the_service_that_boto3_would_take_counts(variables: dict[str, str], endpoint: str) -> None:
    assert load_configuration(environment=variables).s3_endpoint == endpoint


@pytest.mark.parametrize(
    ("key", "content", "message"),
    [
        ("block_list", None, "no such file; create it, or unset block_list"),
        ("block_list", "directory", "Is a directory"),
        ("ca_file", None, "no such file"),
        ("ca_file", "not a certificate", "contains no PEM certificates"),
        ("event_log", "directory", "Is a directory"),
    ],
)
def test_a_file_that_a_setting_names_is_tried(tmp_path: Path, key: str, content: str | None, message: str) -> None:
    file = tmp_path / "named"
    if content == "directory":
        file.mkdir()
    elif content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        require_files(Configuration().with_flags(**{key: str(file)}))
    assert str(caught.value).startswith(f"settings: {key}: {file}: ")
    assert message in str(caught.value)


def test_the_user_agent() -> None:
    assert Configuration(contact="https://example.org/bot").agent.endswith(" (+https://example.org/bot)")
    assert Configuration(user_agent="mine/1", contact="x").agent == "mine/1"


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", 8081, False),
        ("127.0.0.0/28:8081", "127.0.0.9", 8081, True),
        ("127.0.0.0/28:8081", "127.0.0.16", 8081, False),
        ("127.0.0.0/28:8081", "127.0.0.9", 80, False),
        ("127.0.0.0/8", "localhost", 80, False),
        ("News.Intern.Example", "news.intern.example.", 443, True),
        ("news.intern.example:443", "news.intern.example", 80, False),
        ("intern.example", "news.intern.example", 80, False),
        ("::1", "::1", 80, True),
        ("[::1]:8080", "::1", 8080, True),
        ("[fd00::/8]:80", "fd12::1", 80, True),
        ("fd00::/8", "fe80::1", 80, False),
        ("10.0.0.0/8", "[::ffff:10.0.0.1]", 80, False),
    ],
)
def test_the_allow_list(entry: str, host: str, port: int, allowed: bool) -> None:
    assert AddressRules((parse_allow_entry(entry),)).asks_for(host, port) is allowed


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "allowed"),
    [
        ("resolve:10.0.0.0/8", "wiki.example", 443, "10.1.2.3", True),
        ("resolve:10.0.0.0/8", "10.1.2.3", 443, "10.1.2.3", True),
        ("resolve:10.0.0.0/8:443", "wiki.example", 443, "10.1.2.3", True),
        ("resolve:10.0.0.0/8:443", "wiki.example", 80, "10.1.2.3", False),
        ("resolve:10.0.0.0/8", "wiki.example", 443, "192.168.0.1", False),
        ("10.0.0.0/8", "wiki.example", 443, "10.1.2.3", False),
        ("resolve:[fd00::/8]:80", "wiki.example", 80, "fd12::1", True),
    ],
)
def test_names_that_lead_into_a_network(entry: str, host: str, port: int, address: str, allowed: bool) -> None:
    assert AddressRules((parse_allow_entry(entry),)).permits(host, port, address) is allowed


@pytest.mark.parametrize(
    "entry",
    [
        "resolve:",
        "resolve:wiki.example",
        "resolve:resolve:10.0.0.0/8",
        "",
        "a b",
        "127.0.0.1:0",
        "127.0.0.1:99999",
        "10.0.0.0/33",
        "[::1",
        "host:port",
        "http://host/",
    ],
)
def test_bad_entries(entry: str) -> None:
    with pytest.raises(BadAllowEntry):
        parse_allow_entry(entry)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("not an address", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public
