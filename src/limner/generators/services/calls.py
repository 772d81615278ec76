"""One call to a service: bounded in time and size, and stopped when drawing is cancelled.

The standard library speaks, in a thread whose socket is closed when nobody waits any more, so that
a service that hangs or trickles holds nobody. Redirects are not followed. Keys and texts of a call
are in no message. What an answer means is read elsewhere.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from importlib.metadata import version
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, cast
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import uuid4

from limner.core.errors import (
    DrawingCancelled,
    EngineFailed,
    EngineLost,
    GeneratorUnavailable,
    LimnerError,
    ModelFormInvalid,
)
from limner.core.forms import ModelForm
from limner.core.setting_values import Secret, Secrets

JSON = "application/json"
CONNECT_SECONDS = 10.0
POLL_SECONDS = 0.1  # between two looks at whether drawing was cancelled
MAX_ANSWER_BYTES = 128_000_000
MAX_TOLD_CHARACTERS = 300
LOOPBACKS = ("127.0.0.1", "::1", "localhost")
_CHUNK_BYTES = 65_536

IsCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service and how it is called.

    Attributes:
        address: ``http`` or ``https``, without a slash at its end.
        key: sent as a bearer's token; empty for none.
        proxy: address of the HTTP proxy it is called through; empty for none. This machine itself
            is called without.
        patience_seconds: for a whole answer.
        max_answer_bytes: of an answer.
    """

    address: str
    key: Secret = field(default_factory=lambda: Secret(""))
    proxy: Secret = field(default_factory=lambda: Secret(""))
    patience_seconds: float = 300.0
    max_answer_bytes: int = MAX_ANSWER_BYTES

    @property
    def host(self) -> str:
        """Its host, with the port where the address names one."""
        return urlsplit(self.address).netloc.lower()

    @property
    def way(self) -> str:
        """Address of the proxy on the way to it; empty where there is none."""
        is_here = urlsplit(self.address).hostname in LOOPBACKS
        return "" if is_here else self.proxy.value


def service_of(form: ModelForm, keys: Secrets, proxy: Secret | None = None) -> Service:
    """The service at a form's location; errors as `service_at`."""
    service = service_at(form.location, f"The location of the model {form.name!r}", keys, proxy)
    return replace(service, patience_seconds=form.number("timeout_seconds", 300, 0.1, 86_400))


def service_at(address: str, named: str, keys: Secrets, proxy: Secret | None = None) -> Service:
    """The service at an address, with the key of its host, through a proxy if there is one.

    Args:
        address: of the service.
        named: what the address is, as the subject of a sentence.
        keys: of services, by host.
        proxy: address of an HTTP proxy.

    Raises:
        ModelFormInvalid: it is no address, or a key would go over an open line.
    """
    try:
        parts = urlsplit(address)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_address = urlsplit(""), False
    if not is_address or parts.scheme not in ("http", "https"):
        raise ModelFormInvalid(
            f"{named} is {address!r}; allowed is the address of a service, such as "
            "https://api.example.com/v1."
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ModelFormInvalid(
            f"{named} holds more than host, port and path.",
            hint="Put a key into the setting 'service_keys'.",
        )
    key = keys.of(parts.netloc.lower())
    if key.value and parts.scheme == "http" and parts.hostname not in LOOPBACKS:
        raise ModelFormInvalid(
            f"{named} is {address!r}, and its host has a key, which is sent over https only."
        )
    return Service(address=address.rstrip("/"), key=key, proxy=proxy or Secret(""))


class Call(NamedTuple):
    """What a service is asked.

    Attributes:
        method: such as ``POST``.
        path: after the address.
        body: its bytes.
        media_type: of the body.
    """

    method: str
    path: str
    body: bytes = b""
    media_type: str = JSON


class Head(NamedTuple):
    """How an answer begins.

    Attributes:
        status: of HTTP.
        headers: by lower-case name.
    """

    status: int
    headers: Mapping[str, str]

    @property
    def media_type(self) -> str:
        """Such as ``application/json``; empty where none is told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Answer(NamedTuple):
    """A whole answer."""

    head: Head
    content: bytes


def ask(service: Service, call: Call, is_cancelled: IsCancelled) -> Answer:
    """The whole answer to a call; errors as `answering`."""
    with answering(service, call, is_cancelled) as (head, chunks):
        return Answer(head, b"".join(chunks))


@contextmanager
def answering(
    service: Service, call: Call, is_cancelled: IsCancelled
) -> Generator[tuple[Head, Iterator[bytes]]]:
    """The head of an answer, and its bytes as they come.

    Raises:
        GeneratorUnavailable: the service cannot be reached; retryable.
        EngineLost: it hung up in the middle; retryable.
        EngineFailed: it took too long, its answer is too large, or it does not speak HTTP.
        DrawingCancelled: nobody waits any more.
    """
    line = _Line(service, call)
    try:
        events = line.events(is_cancelled)
        head = cast(Head, next(events))
        yield head, cast("Iterator[bytes]", events)
    finally:
        line.hang_up()


class _Line:
    """A connection in a thread of its own, and what comes over it."""

    def __init__(self, service: Service, call: Call) -> None:
        self._service, self._call = service, call
        self._come: SimpleQueue[Head | bytes | LimnerError | None] = SimpleQueue()
        self._socket: socket.socket | None = None
        self._is_left = False
        Thread(target=self._listen, daemon=True).start()

    def events(self, is_cancelled: IsCancelled) -> Iterator[Head | bytes]:
        """The head first, then the bytes."""
        ends_at = time.monotonic() + self._service.patience_seconds
        while True:
            if is_cancelled():
                raise DrawingCancelled()
            if time.monotonic() > ends_at:
                raise EngineFailed(
                    f"The service at {self._service.host} gave no whole answer within "
                    f"{self._service.patience_seconds:g} seconds.",
                    code="service_slow",
                    hint="Raise the model's option 'timeout_seconds' if it needs longer.",
                )
            try:
                come = self._come.get(timeout=POLL_SECONDS)
            except Empty:
                continue
            if come is None:
                return
            if isinstance(come, LimnerError):
                raise come
            yield come

    def hang_up(self) -> None:
        """Close the connection, so that the service sees it and the thread ends."""
        self._is_left = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        connection = self._connection()
        try:
            self._speak(connection)
            self._come.put(None)
        except LimnerError as error:
            self._come.put(error)
        except (OSError, HTTPException, ValueError) as error:
            self._come.put(self._told(error))
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        parts, way = urlsplit(self._service.address), urlsplit(self._service.way)
        first = way if way.hostname else parts  # who is connected to
        host, port = first.hostname or "", first.port
        if parts.scheme == "http":
            return HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        context = ssl.create_default_context()
        connection = HTTPSConnection(
            host, port if first is parts else port or 80, timeout=CONNECT_SECONDS, context=context
        )
        if first is way:  # the proxy passes on what only the service can read
            connection.set_tunnel(parts.hostname or "", parts.port or 443, _signed_in(way))
        return connection

    def _speak(self, connection: HTTPConnection) -> None:
        connection.connect()
        line: socket.socket | None = connection.sock
        assert line is not None
        self._socket = line
        line.settimeout(None)  # whoever waits keeps the time, and hangs up
        if self._is_left:
            return
        call = self._call
        parts, way = urlsplit(self._service.address), urlsplit(self._service.way)
        path, headers = parts.path + call.path, self._headers()
        if way.hostname and parts.scheme == "http":
            path, headers = self._service.address + call.path, headers | _signed_in(way)
        connection.request(call.method, path, call.body or None, headers)
        with closing(connection.getresponse()) as response:
            self._pass_on(response)

    def _pass_on(self, response: HTTPResponse) -> None:
        headers = {name.lower(): value for name, value in response.getheaders()}
        self._require_small(int(headers.get("content-length", "0")))
        self._come.put(Head(response.status, headers))
        num_bytes = 0
        while chunk := response.read1(_CHUNK_BYTES):
            num_bytes += len(chunk)
            self._require_small(num_bytes)
            self._come.put(chunk)
        if response.length:
            raise HTTPException  # it ended before the length it told

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": f"limner/{version('limner')}", "Connection": "close"}
        if self._call.body:
            headers["Content-Type"] = self._call.media_type
        if self._service.key.value:
            headers["Authorization"] = f"Bearer {self._service.key.value}"
        return headers

    def _require_small(self, num_bytes: int) -> None:
        limit = self._service.max_answer_bytes
        if num_bytes > limit:
            raise EngineFailed(
                f"The answer of the service at {self._service.host} has {num_bytes:,} bytes or "
                f"more; allowed are up to {limit:,}.",
                code="service_answer_too_large",
            )

    def _told(self, error: Exception) -> LimnerError:
        host, kind = self._service.host, type(error).__name__
        if isinstance(error, ssl.SSLError):
            return GeneratorUnavailable(
                f"The service at {host} does not prove that it is that host: {kind}.",
                hint="See that its certificate is in force and that this machine trusts its root.",
            )
        if self._socket is None:
            return GeneratorUnavailable(
                f"The service at {host} cannot be reached: {kind}.",
                hint="See that it runs, and that the location of the model is its address."
                + (" It is called through the setting 'service_proxy'." * bool(self._service.way)),
                retryable=True,
            )
        return EngineLost(
            f"The service at {host} hung up in the middle of an answer: {kind}.",
            hint="It may have been started anew; its log says why.",
            retryable=True,
        )


def _signed_in(way: SplitResult) -> dict[str, str]:
    """The header that signs in at a proxy whose address names somebody (RFC 7617)."""
    if way.username is None:
        return {}
    said = f"{unquote(way.username)}:{unquote(way.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(said.encode()).decode('ascii')}"}


def form_data(said: Mapping[str, object], files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """A form with PNG files: its media type and its bytes (RFC 7578).

    Args:
        said: fields, none of whose names or values comes from outside this program unchecked.
        files: by the field's name, or ``FIELD/FILENAME``.
    """
    border = uuid4().hex
    parts: list[bytes] = []
    for name, value in said.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(f"--{border}\r\n{head}{text}\r\n".encode())
    for name, content in files.items():
        field_name, _, filename = name.partition("/")
        head = (
            f'Content-Disposition: form-data; name="{field_name}"; '
            f'filename="{filename or field_name + ".png"}"\r\nContent-Type: image/png\r\n\r\n'
        )
        parts.append(f"--{border}\r\n{head}".encode() + content + b"\r\n")
    parts.append(f"--{border}--\r\n".encode())
    return f"multipart/form-data; boundary={border}", b"".join(parts)


def document_of(answer: Answer, host: str) -> Mapping[str, Any]:
    """The JSON object of an answer.

    Raises:
        EngineFailed: it is another thing.
    """
    head = answer.head
    try:
        document = json.loads(answer.content)
        if not isinstance(document, dict):
            raise TypeError
    except (ValueError, TypeError, RecursionError) as error:
        raise EngineFailed(
            f"The service at {host} answered {head.status} with "
            f"{head.media_type or 'nothing that has a type'}, which is no JSON object.",
            code="service_answer_unreadable",
            hint="See that the location of the model is the address of its API.",
        ) from error
    return cast("Mapping[str, Any]", document)


def quoted(text: object, *hidden: str) -> str:
    """What a service says, short, on one line, and without texts that are nobody's business."""
    told = " ".join("".join(one if one.isprintable() else " " for one in str(text)).split())
    if any(one and " ".join(one.split()) in told for one in hidden):
        return "its words hold what was asked, and are not repeated"
    return told[:MAX_TOLD_CHARACTERS]
