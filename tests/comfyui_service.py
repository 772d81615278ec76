"""What speaks ComfyUI's protocol on this machine: a queue, a websocket, a history; it paints.

As ComfyUI does, it draws one graph at a time, draws no graph twice, tells progress only to whoever
queued it, and forgets everything when it is started anew.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from queue import Queue
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import numpy as np
from images_service import Handler as ImagesHandler
from images_service import pixels, png

from limner.core.drawing import Sketch
from limner.core.records import Operation, Size
from limner.testing import PaintedGenerator

CLASSES = ("KSampler", "CLIPTextEncode", "EmptyLatentImage", "LoadImage", "SaveImage")
GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5,
            "steps": 20,
            "cfg": 8.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 32, "height": 32, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a dog"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["3", 0]}},
}
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


@dataclass
class ComfyUIService:
    """What is queued, drawn and kept.

    Attributes:
        fault: what goes wrong with the next graph.
        seconds_per_step: of drawing.
        interrupts: bodies of calls that interrupted.
    """

    url: str = ""
    fault: str = ""
    seconds_per_step: float = 0.0
    queued: Queue = field(default_factory=Queue)
    running: str | None = None
    deleted: set[str] = field(default_factory=set)
    history: dict[str, dict] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    graphs: list[dict] = field(default_factory=list)
    interrupts: list[dict] = field(default_factory=list)
    sockets: dict[str, Handler] = field(default_factory=dict)
    drawn: dict[str, str] = field(default_factory=dict)
    is_interrupted: bool = False

    def work(self):
        """Draw what is queued, one after another."""
        while (item := self.queued.get()) is not None:
            prompt_id, client_id, graph = item
            if prompt_id in self.deleted:
                continue
            self.running, self.is_interrupted = prompt_id, False
            self.draw(prompt_id, graph, self.sockets.get(client_id))
            self.running = None

    def draw(self, prompt_id, graph, line):
        """One graph."""
        fault, self.fault = self.fault, ""

        def tell(kind, **data):
            if line is not None:
                line.say(json.dumps({"type": kind, "data": {"prompt_id": prompt_id, **data}}))

        tell("execution_start")
        known = json.dumps(graph, sort_keys=True)
        if known in self.drawn and not fault:
            tell("execution_cached", nodes=list(graph))
        elif not self.step(graph, line, tell, fault):
            return
        else:
            self.drawn[known] = self.save(graph, fault)
        images = [{"filename": self.drawn[known], "subfolder": "", "type": "output"}]
        images *= 2 if fault == "two pictures" else 1
        if fault != "forget":
            self.history[prompt_id] = {"outputs": {"9": {"images": images}}}
        tell("executed", node="9", output={"images": images})
        tell("execution_success")
        tell("executing", node=None)

    def step(self, graph, line, tell, fault):
        """The steps of a graph; whether they were all run."""
        steps = graph["3"]["inputs"]["steps"]
        tell("executing", node="3")
        for step in range(1, steps + 1):
            if self.is_interrupted:
                tell("execution_interrupted", node_id="3", node_type="KSampler")
                return False
            if step == 2 and fault in ("raise", "memory"):
                told = {
                    "exception_type": "torch.OutOfMemoryError" if fault == "memory" else "KeyError",
                    "exception_message": f"cannot draw {graph['6']['inputs']['text']}"
                    if graph["6"]["inputs"]["text"] == "repeat me"
                    else "no such thing\nat all",
                }
                tell("execution_error", node_id="3", node_type="KSampler", **told)
                return False
            if step == 2 and fault == "restart":
                self.restart()
                return False
            time.sleep(self.seconds_per_step)
            tell("progress", value=step, max=steps, node="3")
            if line is not None:
                grey = png(np.full((16, 16, 4), 40 + step, np.uint8))
                line.say(struct.pack(">II", 1, 2) + grey)
        tell("progress", value=1, max=2, node="8")  # another node has steps as well
        return True

    def restart(self):
        """Forget everything and drop everybody."""
        self.history.clear()
        for line in list(self.sockets.values()):
            with suppress(OSError):
                line.connection.shutdown(2)

    def save(self, graph, fault):
        """Paint a graph and keep its file; the file's name."""
        inputs = graph["3"]["inputs"]
        size = graph["5"]["inputs"]
        source = graph.get("4", {}).get("inputs", {}).get("image")
        sketch = Sketch(
            operation=Operation.TEXT,
            prompt=graph["6"]["inputs"]["text"],
            negative=graph["7"]["inputs"]["text"],
            style=None,
            steps=inputs["steps"],
            guidance=inputs["cfg"],
            sampler="brush",
            canvas=Size(size["width"], size["height"]),
            is_transparent=False,
            source_HWC=None if source is None else pixels(self.files[source]),
            strength=inputs["denoise"],
        )
        painter = PaintedGenerator()
        (drawn,) = painter.generate(painter.prepare(sketch), [inputs["seed"]])
        name = f"x_{len(self.files):05}_.png"
        self.files[name] = b"GIF89a" if fault == "no picture" else png(drawn.image_HWC)
        return name


class Handler(ImagesHandler):
    """Answers one call."""

    service: ComfyUIService

    def do_GET(self):
        """Everything that is asked without a body."""
        parts = urlsplit(self.path)
        match parts.path.split("/")[1:]:
            case ["ws"]:
                self.serve_socket(parse_qs(parts.query)["clientId"][0])
            case ["system_stats"]:
                system = {"comfyui_version": "0.3.75", "pytorch_version": "2.9.0"}
                self.answer({"system": system, "devices": [{"name": "cpu", "type": "cpu"}]})
            case ["object_info"]:
                self.answer({name: {} for name in CLASSES})
            case ["history", prompt_id]:
                known = self.service.history
                self.answer({prompt_id: known[prompt_id]} if prompt_id in known else {})
            case ["queue"]:
                running = self.service.running
                self.answer({"queue_running": [[0, running, {}, {}]] if running else []})
            case ["view"]:
                name = parse_qs(parts.query)["filename"][0]
                content = self.service.files.get(name)
                if content is None:
                    self.send(b"", 404)
                else:
                    self.send(content, media_type="image/png")
            case _:
                self.send(b"", 404)

    def do_POST(self):
        """Everything that is asked with a body."""
        said, files = self.read_body(self.rfile.read(int(self.headers.get("content-length", 0))))
        match self.path:
            case "/prompt":
                self.queue(said)
            case "/queue":
                self.service.deleted.update(said["delete"])
                self.answer({})
            case "/interrupt":
                self.service.interrupts.append(said)
                self.service.is_interrupted = said["prompt_id"] == self.service.running
                self.answer({})
            case "/upload/image":
                name = f"up_{len(self.service.files)}.png"
                self.service.files[f"in/{name}"] = files["image"]
                self.answer({"name": name, "subfolder": "in", "type": "input"})
            case _:
                self.send(b"", 404)

    def queue(self, said):
        """Take a graph, or refuse it as ComfyUI does."""
        graph, prompt_id = said["prompt"], str(uuid4())
        self.service.graphs.append(graph)
        for node, one in graph.items():
            if one["class_type"] not in CLASSES:
                message = f"Cannot execute because node {one['class_type']} does not exist."
                error = {"type": "invalid_prompt", "message": message, "details": "", "x": {}}
                self.answer({"error": error, "node_errors": {}}, 400)
                return
            if one["inputs"].get("steps", 1) > 100:
                wrong = {"message": "Value 120 bigger than max of 100", "details": "steps"}
                error = {"type": "prompt_outputs_failed", "message": "Prompt failed validation"}
                errors = {node: {"errors": [wrong], "class_type": one["class_type"]}}
                self.answer({"error": error, "node_errors": errors}, 400)
                return
        self.service.queued.put((prompt_id, said["client_id"], graph))
        self.answer({"prompt_id": prompt_id, "number": 1, "node_errors": {}})

    def serve_socket(self, client_id):
        """Open a websocket, and keep it until the other side closes it (RFC 6455)."""
        key = hashlib.sha1((self.headers["sec-websocket-key"] + MAGIC).encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(key).decode())
        self.end_headers()
        self.saying = threading.Lock()
        self.service.sockets[client_id] = self
        self.say(json.dumps({"type": "status", "data": {"sid": client_id}}))
        self.close_connection = True
        with suppress(OSError):
            while (start := self.rfile.read(2)) and start[0] & 15 != 8:
                self.rfile.read(4 + (start[1] & 127))  # a mask and a short word
            if start:
                self.frame(0x88, b"")
        self.service.sockets.pop(client_id, None)

    def say(self, message):
        """A message over the websocket; nothing if nobody is there any more."""
        with suppress(OSError):
            text = isinstance(message, str)
            self.frame(0x81 if text else 0x82, message.encode() if text else message)

    def frame(self, kind, content):
        """One frame."""
        length = len(content)
        size = bytes([length]) if length < 126 else struct.pack(">BH", 126, length)
        with self.saying:
            self.wfile.write(bytes([kind]) + size + content)


@contextmanager
def comfyui_service():
    """A running service."""
    service = ComfyUIService()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("BoundHandler", (Handler,), {"service": service})
    )
    server.daemon_threads = True
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True),
        threading.Thread(target=service.work, daemon=True),
    ]
    for thread in threads:
        thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        service.queued.put(None)
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()
