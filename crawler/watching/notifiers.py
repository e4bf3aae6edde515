"""Where alarms are sent: a webhook, a mailbox, a command. Thin edges."""

from __future__ import annotations

import json
import shlex
import smtplib
import subprocess
import urllib.request
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from urllib.error import URLError

from crawler.config import Configuration, software
from crawler.watching.alarms import DeliveryFailed, Notice, Notifier

_PATIENCE = 20.0


def notifiers_of(configuration: Configuration) -> dict[str, Notifier]:
    """The configured notifiers, by the names of their settings."""
    found: dict[str, Notifier] = {}
    if configuration.alarm_webhook:
        found["alarm_webhook"] = WebHook(configuration.alarm_webhook)
    if configuration.alarm_mail:
        found["alarm_mail"] = Mail(configuration.alarm_mail, configuration.alarm_smtp)
    if configuration.alarm_command:
        found["alarm_command"] = Command(configuration.alarm_command)
    return found


@dataclass(frozen=True, slots=True)
class WebHook:
    """Sends a notice as JSON; ``text`` is what chat services show."""

    url: str

    def notify(self, notice: Notice) -> None:
        """POST it. Raises DeliveryFailed."""
        headers = {"Content-Type": "application/json", "User-Agent": software()}
        request = urllib.request.Request(self.url, _json(notice), headers)  # noqa: S310 - the operator's own address
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310
                return
        except (URLError, OSError, ValueError) as error:
            raise DeliveryFailed(f"{self.url.partition('?')[0]}: {error}") from error


@dataclass(frozen=True, slots=True)
class Mail:
    """Sends a notice to a mailbox."""

    recipient: str
    server: str
    """``host:port``."""

    def notify(self, notice: Notice) -> None:
        """Hand it to the mail server. Raises DeliveryFailed."""
        message = EmailMessage()
        message["From"] = message["To"] = self.recipient
        message["Subject"] = f"newswarc: {notice.line}"[:200]
        message.set_content(f"{notice.line}\n\n{_json(notice).decode()}\n")
        host, _, port = self.server.partition(":")
        try:
            with smtplib.SMTP(host, int(port or smtplib.SMTP_PORT), timeout=_PATIENCE) as server:
                server.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise DeliveryFailed(f"{self.server}: {error}") from error


@dataclass(frozen=True, slots=True)
class Command:
    """Runs a program with the notice as JSON on its standard input."""

    line: str

    def notify(self, notice: Notice) -> None:
        """Run it, without a shell. Raises DeliveryFailed when it ends with another code than 0."""
        command = shlex.split(self.line)
        try:
            subprocess.run(command, input=_json(notice), check=True, timeout=_PATIENCE, stdout=subprocess.DEVNULL)  # noqa: S603 - the operator's own command
        except (subprocess.SubprocessError, OSError) as error:
            raise DeliveryFailed(f"{command[0]}: {error}") from error


def _json(notice: Notice) -> bytes:
    return json.dumps({"text": notice.line, **asdict(notice)}, ensure_ascii=False).encode()
