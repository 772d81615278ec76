"""Exchanges with real services, as bytes: recorded on the way, and replayed in their place.

`recorded` stands between a client and a service, passes on what it hears and writes it down;
`replayed` answers what the service answered, each thing once everything has been asked that was
asked before it. A file is a list of turns: the line (connection) it was said on, who said it, and
the bytes, as text where they are. README.md beside the files says what they were recorded from.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CLIENT, SERVICE = "client", "service"
FOLDER = Path(__file__).parent / "assets" / "exchanges"
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
CHANCE = rb"[0-9a-f]{32}"  # names a client makes up: of itself, and of the border in a form
PICTURE = rb"(?s)\x89PNG.*?IEND...."  # another library packs the same pixels otherwise
OWN_HEADERS = rb"(?mi)^(?:user-agent|host|sec-websocket-key|content-length|accept-encoding):.*\r\n"


@dataclass
class Turn:
    """Bytes that were said."""

    line: int
    by: str
    content: bytes

    def written(self) -> dict[str, object]:
        """For the file."""
        with suppress(UnicodeDecodeError):
            return {"line": self.line, "by": self.by, "text": self.content.decode()}
        encoded = base64.b64encode(self.content).decode()
        return {"line": self.line, "by": self.by, "base64": encoded}


def read_turns(name: str) -> list[Turn]:
    """The turns of a file, those that follow each other on a line as one."""
    said = json.loads((FOLDER / f"{name}.json").read_text())
    return [
        Turn(
            one["line"],
            one["by"],
            one["text"].encode() if "text" in one else base64.b64decode(one["base64"]),
        )
        for one in said
    ]


@contextmanager
def recorded(name: str, host: str, port: int) -> Iterator[str]:
    """The address of a line to a service; what was said over it is written at the end."""
    turns: list[Turn] = []
    writing = threading.Lock()

    def pass_on(line: int, by: str, heard: socket.socket, told: socket.socket) -> None:
        with suppress(OSError):
            while content := heard.recv(65_536):
                with writing:
                    if turns and (turns[-1].line, turns[-1].by) == (line, by):
                        turns[-1].content += content
                    else:
                        turns.append(Turn(line, by, content))
                told.sendall(content)
        with suppress(OSError):
            told.shutdown(socket.SHUT_WR)

    def listen() -> None:
        with suppress(OSError):
            for line in range(10_000):
                client, _ = listener.accept()
                try:
                    service = socket.create_connection((host, port))
                except OSError:
                    client.close()  # the service is gone
                    continue
                for pair in ((CLIENT, client, service), (SERVICE, service, client)):
                    threading.Thread(target=pass_on, args=(line, *pair), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listen, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        with writing:
            text = json.dumps([one.written() for one in turns], indent=1)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.json").write_text(text + "\n")


@dataclass
class Replay:
    """What a service said, given again.

    Attributes:
        url: where.
        asked: lines whose requests have come.
        unlike: requests that were not recorded, or not so.
    """

    turns: list[Turn]
    url: str = ""
    asked: set[int] = field(default_factory=set)
    unlike: list[str] = field(default_factory=list)
    coming: threading.Condition = field(default_factory=threading.Condition)

    def request_of(self, line: int) -> bytes:
        """What was asked first on a line."""
        return next(one.content for one in self.turns if (one.line, one.by) == (line, CLIENT))

    def take(self, request: bytes) -> int | None:
        """The line on which something like a request was asked; the first that is left."""
        with self.coming:
            for line in sorted({one.line for one in self.turns} - self.asked):
                if plain(self.request_of(line)) == plain(request):
                    self.asked.add(line)
                    self.coming.notify_all()
                    return line
            self.unlike.append(request.split(b"\r\n")[0].decode())
            return None

    def answer(self, client: socket.socket) -> None:
        """Read one request and say what was said on its line."""
        with client, suppress(OSError):
            request = read_request(client)
            line = self.take(request)
            for number, turn in enumerate(self.turns):
                if (turn.line, turn.by) == (line, SERVICE):
                    before = {one.line for one in self.turns[:number]}
                    with self.coming:
                        self.coming.wait_for(lambda before=before: before <= self.asked, 10)
                    client.sendall(accepting(turn.content, request))
            client.shutdown(socket.SHUT_WR)
            while client.recv(65_536):  # what is still said is not answered
                pass


@contextmanager
def replayed(name: str) -> Iterator[Replay]:
    """A service that says again what a file has; everything asked of it must be in the file."""
    replay = Replay(read_turns(name))
    listener = socket.create_server(("127.0.0.1", 0))
    replay.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def listen() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=replay.answer, args=(client,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield replay
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    assert replay.unlike == []


def read_request(client: socket.socket) -> bytes:
    """One request with its body."""
    request = b""
    while b"\r\n\r\n" not in request:
        if not (content := client.recv(65_536)):
            raise OSError
        request += content
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        if not (content := client.recv(65_536)):
            raise OSError
        body += content
    return head + b"\r\n\r\n" + body


def plain(request: bytes) -> bytes:
    """A request without what differs from time to time."""
    return re.sub(CHANCE, b"-", re.sub(PICTURE, b"picture", re.sub(OWN_HEADERS, b"", request)))


def accepting(content: bytes, request: bytes) -> bytes:
    """An answer, for the key of this websocket where it opens one."""
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", request)
    if key is None:
        return content
    accepted = base64.b64encode(hashlib.sha1(key[1] + MAGIC.encode()).digest())
    return re.sub(rb"(?i)(sec-websocket-accept: )\S+", rb"\g<1>" + accepted, content)
