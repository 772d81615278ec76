"""A service with OpenAI's Images API on this machine; it paints, and goes wrong as it is told."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image as PillowImage

from limner.core.drawing import Sketch
from limner.core.records import Operation, Size
from limner.testing import PaintedGenerator


def png(image_HWC):
    """The bytes of a PNG file."""
    buffer = io.BytesIO()
    PillowImage.fromarray(image_HWC).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(content):
    """RGBA of a picture file."""
    return np.asarray(PillowImage.open(io.BytesIO(content)).convert("RGBA"))


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, object]
    files: dict[str, bytes]


@dataclass
class ImagesService:
    """What was asked, and what is answered next instead of a painting.

    Attributes:
        replies: each takes the handler and answers; the first is taken first.
        num_left: calls that were left before they were answered.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    replies: list[Callable[[Handler], None]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Answers one call."""

    protocol_version = "HTTP/1.1"
    service: ImagesService

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """The list of models."""
        self.service.asked.append(Asked("GET", self.path, self.sent_headers(), {}, {}))
        if self.service.replies:
            self.service.replies.pop(0)(self)
        else:
            self.answer({"object": "list", "data": [{"id": "painted", "object": "model"}]})

    def do_POST(self):
        """A generation or an edit."""
        body = self.rfile.read(int(self.headers["content-length"]))
        fields, files = self.read_body(body)
        self.service.asked.append(Asked("POST", self.path, self.sent_headers(), fields, files))
        if self.service.replies:
            self.service.replies.pop(0)(self)
        else:
            self.paint()

    def sent_headers(self):
        """Headers by lower-case name."""
        return {name.lower(): value for name, value in self.headers.items()}

    def read_body(self, body):
        """Fields and files."""
        if self.headers["content-type"] == "application/json":
            return json.loads(body), {}
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        fields, files = {}, {}
        for part in BytesParser().parsebytes(head + body).get_payload():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if part.get_filename():
                files[name] = content
            else:
                fields[name] = content.decode()
        return fields, files

    def painting(self):
        """The picture of what was asked last."""
        asked = self.service.asked[-1]
        said = asked.fields
        source = pixels(asked.files["image"]) if "image" in asked.files else None
        mask = 255 - pixels(asked.files["mask"])[..., 3] if "mask" in asked.files else None
        sketch = Sketch(
            operation=Operation.TEXT,
            prompt=said["prompt"],
            negative=said.get("negative_prompt", ""),
            style=None,
            steps=int(said.get("steps", 1)),
            guidance=float(said.get("guidance", 1)),
            sampler="brush",
            canvas=Size(*map(int, said["size"].split("x"))),
            is_transparent=False,
            source_HWC=source,
            mask_HW=mask,
            strength=float(said.get("strength", 1)),
        )
        painter = PaintedGenerator()
        (drawn,) = painter.generate(painter.prepare(sketch), [int(said.get("seed", 0))])
        return png(drawn.image_HWC)

    def paint(self):
        """Answer with the picture, as a document or as events."""
        encoded = base64.b64encode(self.painting()).decode()
        usage = {"input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010}
        said = self.service.asked[-1].fields
        if not said.get("stream"):
            self.answer({"created": 1, "data": [{"b64_json": encoded}], "usage": usage})
            return
        kind = "image_generation" if self.path.endswith("generations") else "image_edit"
        events = [
            {"type": f"{kind}.partial_image", "partial_image_index": index, "b64_json": encoded}
            for index in range(int(said["partial_images"]))
        ]
        self.stream([*events, {"type": f"{kind}.completed", "b64_json": encoded, "usage": usage}])

    def answer(self, document, status=200, **headers):
        """A JSON document."""
        self.send(json.dumps(document).encode(), status, "application/json", **headers)

    def send(self, content, status=200, media_type="text/html", **headers):
        """Bytes."""
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def stream(self, documents, ending=b""):
        """Events; the connection ends them."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for document in documents:
            text = json.dumps(document)
            self.wfile.write(f"event: {document['type']}\ndata: {text}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(ending)

    def hang(self):
        """Answer nothing until the other side goes."""
        self.connection.settimeout(30)
        assert self.rfile.read(1) == b""
        self.service.left.set()
        self.close_connection = True

    def trickle(self):
        """Answer a space every now and then, until the other side goes."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(600):
                self.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            self.service.left.set()

    def hang_up(self):
        """End the connection in the middle of an answer."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        self.close_connection = True

    def flood(self, num_bytes):
        """So many bytes, the length untold."""
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(num_bytes // 1_000_000):
                self.wfile.write(bytes(1_000_000))
        except OSError:
            self.service.left.set()


@contextmanager
def images_service():
    """A running service."""
    service = ImagesService()
    handler = type("BoundHandler", (Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
