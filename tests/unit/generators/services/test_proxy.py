"""Calls through an HTTP proxy: what it is told, and what it is not."""

import base64
import json
import socket
from contextlib import contextmanager

import pytest
from http_here import Silent, answering_here, send_json

from limner.core.errors import GeneratorUnavailable
from limner.core.setting_values import Secret
from limner.generators.services.calls import Call, Service, ask


@contextmanager
def proxy():
    """A proxy that answers itself for every host, and tunnels to nobody."""
    heard = []

    class Handler(Silent):
        def do_GET(self):
            heard.append((self.command, self.path, dict(self.headers)))
            content = json.dumps({"data": []}).encode()
            send_json(self, content)

        def do_CONNECT(self):
            heard.append((self.command, self.path, dict(self.headers)))
            self.send_error(407)

    with answering_here(Handler) as port:
        yield f"127.0.0.1:{port}", heard


def test_a_service_over_http_is_asked_for_by_its_whole_address():
    with proxy() as (host, heard):
        service = Service(address="http://images.invalid/v1", proxy=Secret(f"http://{host}"))
        answer = ask(service, Call("GET", "/models"), lambda: False)
    assert (answer.head.status, json.loads(answer.content)) == (200, {"data": []})
    ((command, path, headers),) = heard
    assert (command, path) == ("GET", "http://images.invalid/v1/models")
    assert headers["Host"] == "images.invalid"


def test_over_https_the_proxy_hears_of_the_host_alone():
    key, way = Secret("sk-hush"), Secret("http://ann:s%40y@{}")
    with proxy() as (host, heard):
        service = Service(
            address="https://images.invalid/v1", key=key, proxy=Secret(way.value.format(host))
        )
        with pytest.raises(GeneratorUnavailable, match="cannot be reached") as told:
            ask(service, Call("GET", "/models"), lambda: False)
    ((command, path, headers),) = heard
    assert (command, path) == ("CONNECT", "images.invalid:443")
    assert base64.b64decode(headers["Proxy-Authorization"].removeprefix("Basic ")) == b"ann:s@y"
    assert "Authorization" not in headers
    assert "service_proxy" in told.value.hint
    assert "s@y" not in told.value.message + told.value.hint


def test_a_service_on_this_machine_is_called_without():
    with proxy() as (host, heard):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        service = Service(address=f"http://127.0.0.1:{port}", proxy=Secret(f"http://{host}"))
        with pytest.raises(GeneratorUnavailable):
            ask(service, Call("GET", "/models"), lambda: False)
    assert heard == []
