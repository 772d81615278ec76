"""Messages to people: the log, a webhook, e-mail, as the settings name them.

None of them holds a prompt, a picture or a secret. That one does not go out stops nothing else; who
sends it is told, and keeps that.
"""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from http.client import HTTPException, HTTPMessage
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from limner.core.settings import LOOPBACK, Settings

SECONDS = 10.0  # that a server has to answer
LOCAL = (LOOPBACK, "localhost", "::1")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to tell, in the form of each channel.

    Attributes:
        title: subject of the letter.
        lines: of the letter.
        document: JSON for the webhook; its ``text`` is for a person.
        logged: what the log says, one sentence, and its facts.
    """

    title: str
    lines: tuple[str, ...]
    document: Mapping[str, object]
    logged: tuple[str, Mapping[str, object]]


class Sent(NamedTuple):
    """What came of one channel.

    Attributes:
        channel: ``log``, ``webhook`` or ``e-mail``.
        to: host or addresses; never a secret part of them.
        note: why it did not go out, one sentence; empty where it did.
    """

    channel: str
    to: str
    note: str


class _NotSent(Exception):
    """A message that did not go out; says why in one sentence."""


def send(settings: Settings, message: Message) -> Iterator[Sent]:
    """Send a message by every channel of the settings, one after the other."""
    for channel, to, go in _channels(settings):
        note = ""
        try:
            go(message)
        except _NotSent as error:
            note = str(error)
        yield Sent(channel, to, note)


def letter_of(message: Message, settings: Settings) -> EmailMessage:
    """A message as a letter."""
    letter = EmailMessage()
    letter["Subject"] = " ".join(message.title.split())
    letter["From"] = settings.alert_sender or settings.alert_email[0]
    letter["To"] = ", ".join(settings.alert_email)
    letter.set_content("\n".join(message.lines))
    return letter


def _channels(settings: Settings) -> Iterator[tuple[str, str, Callable[[Message], None]]]:
    yield "log", "this install", _to_log
    if webhook := settings.alert_webhook.value:
        host = urlsplit(webhook).hostname or ""
        yield "webhook", host, lambda message: _to_webhook(webhook, message)
    if settings.alert_email:
        to = ", ".join(settings.alert_email)
        yield "e-mail", to, lambda message: _to_mail(settings, message)


def _to_log(message: Message) -> None:
    sentence, facts = message.logged
    _log.warning(sentence, extra=dict(facts))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that points elsewhere is not followed: the address was chosen by a person."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _to_webhook(address: str, message: Message) -> None:
    content = json.dumps(message.document).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "limner"}
    request = urllib.request.Request(address, content, headers, method="POST")
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as error:
        raise _NotSent(f"The webhook answered {error.code}.") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _NotSent(f"The webhook cannot be reached: {type(error).__name__}.") from error


def _to_mail(settings: Settings, message: Message) -> None:
    if not settings.alert_smtp:
        raise _NotSent("The setting 'alert_smtp' names no mail server.")
    try:
        with _mail_server(settings.alert_smtp) as server:
            if settings.alert_smtp_user:
                server.login(settings.alert_smtp_user, settings.alert_smtp_password.value)
            server.send_message(letter_of(message, settings))
    except (OSError, smtplib.SMTPException) as error:
        raise _NotSent(f"The mail server did not take it: {type(error).__name__}.") from error


def _mail_server(address: str) -> smtplib.SMTP:
    """A connection to a mail server; encrypted, unless the server is this machine itself."""
    parts = urlsplit(address if "://" in address else f"smtp://{address}")
    host, port, context = parts.hostname or "", parts.port or 0, ssl.create_default_context()
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=SECONDS)
    if host not in LOCAL:
        server.starttls(context=context)
    return server
