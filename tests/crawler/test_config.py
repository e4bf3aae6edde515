from __future__ import annotations

from pathlib import Path

import pytest

from crawler.config import Configuration, ConfigurationError, load_configuration
from crawler.safety import AddressRules, BadAllowEntry, is_public, parse_allow_entry


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
        ("", {"NEWSWARC_DELAY": "soon"}, "environment: delay: input should be a valid number"),
        ("", {"NEWSWARC_ALLOW_HOSTS": "10.0.0.0/33"}, "environment: allow_hosts: '10.0.0.0/33' is not host"),
        ("", {"NEWSWARC_DIGEST": "md5"}, "environment: digest: 'md5' is not one of sha256, sha1"),
        ("", {"NEWSWARC_CONTACT": "a\nb"}, "environment: contact: only printable ASCII"),
    ],
)
def test_faults_are_one_line(tmp_path: Path, text: str, environment: dict[str, str], message: str) -> None:
    file = tmp_path / "newswarc.toml"
    file.write_text(text)
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
        ("s3://bucket/prefix", "", "newswarc-state/bucket-prefix"),
        ("s3://bucket/other", "", "newswarc-state/bucket-other"),
        ("s3://bucket/prefix", "/var/state", "/var/state"),
    ],
)
def test_where_the_state_is(archive: str, state: str, expected: str) -> None:
    assert Configuration(archive=archive, state=state).state_directory == Path(expected)


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
    "entry", ["", "a b", "127.0.0.1:0", "127.0.0.1:99999", "10.0.0.0/33", "[::1", "host:port", "http://host/"]
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
