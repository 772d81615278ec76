"""A hub with one repository, by the few routes its library asks for a snapshot by."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

COMMIT = "a" * 40


@contextmanager
def hub_service(name: str, files: dict[str, bytes]) -> Iterator[str]:
    """The address of a hub that has a repository of this name with these files."""

    class Hub(_Hub):
        repository = name
        content_of = files

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Hub(BaseHTTPRequestHandler):
    repository = ""
    content_of: ClassVar[dict[str, bytes]] = {}

    def do_GET(self):
        path = self.path.partition("?")[0]
        file = path.removeprefix(f"/{self.repository}/resolve/{COMMIT}/")
        if path.startswith(f"/api/models/{self.repository}/tree/"):
            self.give(json.dumps(self.entries()).encode())
        elif path.startswith(f"/api/models/{self.repository}"):
            siblings = [{"rfilename": one} for one in self.content_of]
            told = {"id": self.repository, "sha": COMMIT, "siblings": siblings}
            self.give(json.dumps(told).encode())
        elif file in self.content_of:
            self.give(self.content_of[file], ETag=f'"{etag(self.content_of[file])}"')
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_GET

    def entries(self):
        return [
            {"type": "file", "path": one, "size": len(content), "oid": etag(content)}
            for one, content in self.content_of.items()
        ]

    def give(self, content, **headers):
        self.send_response(200)
        for key, value in {"X-Repo-Commit": COMMIT, **headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


def etag(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
