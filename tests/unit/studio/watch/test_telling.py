"""Facts of telling people: real servers on this machine take the messages."""

import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from streams import BEGAN

from limner.core.setting_values import Secret
from limner.core.watching import Alarm, Change, Done, Telling
from limner.store.watches import tellings_of
from limner.studio.messages import letter_of
from limner.studio.studio import Studio
from limner.studio.watch.telling import message_of, tell

ALARM = Alarm(
    alarm_id="alarm-0123456789ab",
    reference_id="reference-0123456789ab",
    stream="painted",
    raised_at=BEGAN,
    readings=(),
    changes=(Change(measure="score.sharpness", note="The score of sharpness fell."),),
    done=Done(paused="painted@1", ended=("sha256:aa",)),
)


class Hook(HTTPServer):
    """A server that keeps what is posted, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.answer = 200
        super().__init__(("127.0.0.1", 0), _HookHandler)


class _HookHandler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append({"path": self.path, **json.loads(content)})
        self.send_response(self.server.answer)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Post(socketserver.TCPServer):
    """A mail server that takes one letter."""

    allow_reuse_address = True

    def __init__(self) -> None:
        self.letter = b""
        super().__init__(("127.0.0.1", 0), _PostHandler)


class _PostHandler(socketserver.StreamRequestHandler):
    server: Post

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while (part := self.rfile.readline()) != b".\r\n":
                    self.server.letter += part
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def post() -> Iterator[Post]:
    server = Post()
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    yield server
    thread.join(10)
    server.server_close()


def told(studio: Studio, **settings: object) -> list[Telling]:
    parts = studio.parts.with_settings(replace(studio.settings, **settings))
    return tell(parts, ALARM)


def test_a_webhook_gets_what_changed_and_what_was_done(studio: Studio, hook: Hook):
    address = Secret(f"http://127.0.0.1:{hook.server_port}/key")
    tellings = told(studio, alert_webhook=address)
    assert [(one.channel, one.is_told) for one in tellings] == [("log", True), ("webhook", True)]
    (got,) = hook.got
    assert got["text"] == "Limner: The score of sharpness fell."
    assert (got["paused"], got["num_evidence_ended"]) == ("painted@1", 1)


@pytest.mark.parametrize("answer", [302, 307, 404, 500])
def test_a_webhook_that_refuses_or_points_elsewhere_is_not_told(
    studio: Studio, hook: Hook, answer: int
):
    hook.answer = answer
    tellings = told(studio, alert_webhook=Secret(f"http://127.0.0.1:{hook.server_port}/key"))
    assert (tellings[1].is_told, tellings[1].note) == (False, f"The webhook answered {answer}.")
    assert [one["path"] for one in hook.got] == ["/key"]


def test_what_came_of_telling_is_kept_without_the_secret(studio: Studio):
    tellings = told(studio, alert_webhook=Secret("http://127.0.0.1:9/key"))
    with studio.parts.store.watches.reading() as connection:
        kept = tellings_of(connection, ALARM.alarm_id)
    assert kept == tellings
    assert (kept[1].is_told, kept[1].to) == (False, "127.0.0.1")
    assert "key" not in str(kept)


def test_a_letter_goes_out_by_the_mail_server(studio: Studio, post: Post):
    tellings = told(
        studio,
        alert_email=("ada@example.org",),
        alert_smtp=f"127.0.0.1:{post.server_address[1]}",
    )
    assert [one.is_told for one in tellings] == [True, True]
    assert b"The model painted@1 was paused." in post.letter
    assert b"To: ada@example.org" in post.letter


def test_a_letter_without_a_server_is_said_not_to_have_gone(studio: Studio):
    tellings = told(studio, alert_email=("ada@example.org",))
    assert tellings[1].note == "The setting 'alert_smtp' names no mail server."


def test_a_name_cannot_add_lines_to_the_head_of_a_letter(studio: Studio):
    settings = replace(studio.settings, alert_email=("ada@example.org",))
    told = message_of(replace(ALARM, stream="x\r\nBcc: eve@example.org"))
    letter = letter_of(told, settings)
    assert letter["Bcc"] is None
    assert "\n" not in letter["Subject"]
