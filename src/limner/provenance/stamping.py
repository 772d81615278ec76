"""A time-stamp authority of our own (RFC 3161, RFC 5816), so that sealing needs no network.

The C2PA library asks an authority by URL only, so one answers on a loopback port for as long as
one image is being sealed. A stamp says what the clock of this machine said: it keeps a credential
valid after its certificate has ended, but it is no witness from outside.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from limner.provenance.certificates import Identity
from limner.provenance.stamp_format import (
    QueryInvalid,
    answer_of,
    info_of,
    parse_query,
    to_be_signed,
)

MAX_QUERY_BYTES = 4096
SERIAL_BITS = 120
WAIT_SECONDS = 5.0  # how long a connection may keep us; the library on the other end needs 1 ms


class Authority:
    """Answers time-stamp queries.

    Args:
        identity: key and certificate; the certificate's one purpose is time-stamping.
    """

    def __init__(self, identity: Identity) -> None:
        self._key = identity.key
        self._certificate_der = identity.certificate.public_bytes(serialization.Encoding.DER)

    def answer(self, query: bytes, now: datetime) -> bytes:
        """The DER answer to a DER query.

        Args:
            query: a TimeStampReq.
            now: UTC.

        Raises:
            QueryInvalid: not one this authority answers; nothing is stamped.
        """
        info = info_of(parse_query(query), 1 + secrets.randbits(SERIAL_BITS), now)
        signed = to_be_signed(info, self._certificate_der)
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return answer_of(info, self._certificate_der, signature)


@contextmanager
def serving(authority: Authority, read_clock: Callable[[], datetime]) -> Generator[str]:
    """The URL of a loopback authority that answers while the block runs, and then is gone.

    The path holds a secret, so that no other program of this machine gets a stamp meanwhile.

    Args:
        authority: who answers.
        read_clock: the time now, UTC.

    Raises:
        OSError: no loopback port can be had.
    """
    secret = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = threading.Thread(
            target=_serve, args=(listener, f"/{secret}", authority, read_clock), daemon=True
        )
        server.start()
        try:
            yield f"http://127.0.0.1:{port}/{secret}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
            server.join(WAIT_SECONDS)


def _serve(
    listener: socket.socket, path: str, authority: Authority, read_clock: Callable[[], datetime]
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # closed: the image is sealed
        with connection, suppress(OSError):
            connection.settimeout(WAIT_SECONDS)
            connection.sendall(_respond(connection, path, authority, read_clock()))


def _respond(connection: socket.socket, path: str, authority: Authority, now: datetime) -> bytes:
    head, body = _read_request(connection)
    if not head.startswith(f"POST {path} HTTP/".encode()):
        return b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    try:
        answer = authority.answer(body, now)
    except QueryInvalid:
        return b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    return (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/timestamp-reply\r\n"
        b"Content-Length: %d\r\n\r\n" % len(answer)
    ) + answer


def _read_request(connection: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of one HTTP request; cut short when it is longer than a query may be."""
    received = b""
    while len(received) < MAX_QUERY_BYTES:
        head, separator, body = received.partition(b"\r\n\r\n")
        if separator and len(body) >= _body_bytes(head):
            return head, body
        part = connection.recv(MAX_QUERY_BYTES)
        if not part:
            break
        received += part
    return b"", b""


def _body_bytes(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0
