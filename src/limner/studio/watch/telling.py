"""Telling people of an alarm: the log, a webhook, e-mail. None of them is told of any prompt.

That a message does not go out is kept with the alarm and shown; it stops nothing else.
"""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.client import HTTPException, HTTPMessage
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from limner.core.settings import LOOPBACK, Settings
from limner.core.watching import Alarm, Telling

if TYPE_CHECKING:
    from limner.studio.parts import Parts

SECONDS = 10.0  # that a server has to answer
LOCAL = (LOOPBACK, "localhost", "::1")

_log = logging.getLogger(__name__)


class _NotSent(Exception):
    """A message that did not go out; says why in one sentence."""


def tell(parts: Parts, alarm: Alarm) -> list[Telling]:
    """Tell everybody the settings name, and keep what came of it with the alarm."""
    settings, told = parts.settings, list[Telling]()
    for channel, to, send in _channels(settings):
        note = ""
        try:
            send(alarm)
        except _NotSent as error:
            note = str(error)
            facts = {"action": "alarm_not_told", "alarm_id": alarm.alarm_id, "channel": channel}
            _log.error("An alarm could not be told", extra=facts)
        telling = Telling(channel, to, parts.read_clock(), is_told=not note, note=note)
        parts.store.watches.tell(alarm.alarm_id, telling)
        told.append(telling)
    return told


def message_of(alarm: Alarm) -> dict[str, object]:
    """An alarm as a webhook gets it; `text` is for a person."""
    done = alarm.done
    return {
        "text": f"Limner: {alarm.title}",
        "alarm_id": alarm.alarm_id,
        "stream": alarm.stream,
        "raised_at": alarm.raised_at.isoformat(),
        "changes": [{"measure": one.measure, "note": one.note} for one in alarm.changes],
        "paused": done.paused,
        "not_paused": done.not_paused,
        "aliases": list(done.aliases),
        "num_evidence_ended": len(done.ended),
    }


def mail_of(alarm: Alarm, settings: Settings) -> EmailMessage:
    """An alarm as a letter."""
    done = alarm.done
    lines = [
        f"The stream {alarm.stream!r} is no longer what it was at its reference.",
        "",
        *(f"- {one.note}" for one in alarm.changes),
        "",
        f"The model {done.paused} was paused." if done.paused else done.not_paused,
        f"{len(done.ended)} pieces of evidence ended.",
        *(f"The alias moved: {one}." for one in done.aliases),
        "",
        f"See `limner watch show` or the page Watch: {alarm.alarm_id}.",
    ]
    message = EmailMessage()
    message["Subject"] = f"Limner: {' '.join(alarm.stream.split())} changed ({alarm.alarm_id})"
    message["From"] = settings.alert_sender or settings.alert_email[0]
    message["To"] = ", ".join(settings.alert_email)
    message.set_content("\n".join(lines))
    return message


def _channels(settings: Settings) -> Iterator[tuple[str, str, Callable[[Alarm], None]]]:
    yield "log", "this install", _to_log
    if webhook := settings.alert_webhook.value:
        host = urlsplit(webhook).hostname or ""
        yield "webhook", host, lambda alarm: _to_webhook(webhook, alarm)
    if settings.alert_email:
        yield "e-mail", ", ".join(settings.alert_email), lambda alarm: _to_mail(settings, alarm)


def _to_log(alarm: Alarm) -> None:
    facts = {
        "action": "alarm_raised",
        "alarm_id": alarm.alarm_id,
        "stream": alarm.stream,
        "measures": [one.measure for one in alarm.readings],
        "paused": alarm.done.paused,
    }
    _log.warning("A stream of images has changed", extra=facts)


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


def _to_webhook(address: str, alarm: Alarm) -> None:
    content = json.dumps(message_of(alarm)).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "limner"}
    request = urllib.request.Request(address, content, headers, method="POST")
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as error:
        raise _NotSent(f"The webhook answered {error.code}.") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _NotSent(f"The webhook cannot be reached: {type(error).__name__}.") from error


def _to_mail(settings: Settings, alarm: Alarm) -> None:
    if not settings.alert_smtp:
        raise _NotSent("The setting 'alert_smtp' names no mail server.")
    try:
        with _mail_server(settings.alert_smtp) as server:
            if settings.alert_smtp_user:
                server.login(settings.alert_smtp_user, settings.alert_smtp_password.value)
            server.send_message(mail_of(alarm, settings))
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
