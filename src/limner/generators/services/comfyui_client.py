"""A client of ComfyUI: its routes and its websocket, each answer held to what it should be.

Source: ComfyUI, server.py and script_examples/websockets_api_example.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import EngineFailed, EngineLost, GeneratorUnavailable, LimnerError
from limner.core.hashing import sha256_of_bytes
from limner.generators.services.calls import (
    CONNECT_SECONDS,
    MAX_ANSWER_BYTES,
    Answer,
    Call,
    IsCancelled,
    Service,
    ask,
    document_of,
    form_data,
    quoted,
)
from limner.generators.services.pictures import png_of

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

LEAVING_SECONDS = 10.0


class ComfyUI:
    """A running ComfyUI.

    Args:
        service: where it is.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def host(self) -> str:
        """Where it is."""
        return self._service.host

    @property
    def patience_seconds(self) -> float:
        """For one picture."""
        return self._service.patience_seconds

    def look(self, is_cancelled: IsCancelled = lambda: False) -> Mapping[str, Any]:
        """What ComfyUI says of itself: versions and devices.

        Raises:
            GeneratorUnavailable: it cannot be reached.
            EngineFailed: something else answers.
        """
        stats = self.document(Call("GET", "/system_stats"), is_cancelled)
        if not isinstance(stats.get("system"), dict):
            raise EngineFailed(
                f"What answers at {self._service.host} is not ComfyUI.",
                hint="See that the location of the model is its address.",
            )
        return stats

    def node_classes(self) -> frozenset[str]:
        """The classes of nodes it has."""
        return frozenset(self.document(Call("GET", "/object_info"), lambda: False))

    def document(
        self, call: Call, is_cancelled: IsCancelled, hidden: Sequence[str] = ()
    ) -> Mapping[str, Any]:
        """The JSON object that ComfyUI answers; an error it tells is raised."""
        answer = ask(self._service, call, is_cancelled)
        if answer.head.status >= 300:
            raise self._refusal(answer, hidden)
        return document_of(answer, self._service.host)

    def fetched(self, image: Mapping[str, Any], is_cancelled: IsCancelled) -> bytes:
        """The file of a picture that ComfyUI names."""
        named = {key: str(image.get(key, "")) for key in ("filename", "subfolder", "type")}
        answer = ask(self._service, Call("GET", f"/view?{urlencode(named)}"), is_cancelled)
        if answer.head.status != 200:
            raise EngineLost(
                f"ComfyUI at {self.host} does not have the picture any more that it drew "
                f"({answer.head.status}).",
                retryable=True,
            )
        return answer.content

    def leave(self, prompt_id: str) -> None:
        """Take a drawing out of ComfyUI's queue, or interrupt it if it is the one that runs."""
        service = replace(self._service, patience_seconds=LEAVING_SECONDS)

        def say(call: Call) -> Answer:
            return ask(service, call, lambda: False)

        with suppress(LimnerError):  # it is gone, and with it the drawing
            say(Call("POST", "/queue", json.dumps({"delete": [prompt_id]}).encode()))
            running = document_of(say(Call("GET", "/queue")), self.host).get("queue_running", [])
            if any(prompt_id in cast("list[object]", one) for one in running):
                say(Call("POST", "/interrupt", json.dumps({"prompt_id": prompt_id}).encode()))

    def open_socket(self, client_id: str) -> ClientConnection:
        """The websocket over which ComfyUI tells a client how its drawing goes.

        Raises:
            GeneratorUnavailable: the library is missing, or ComfyUI opens none.
        """
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ImportError as error:
            raise GeneratorUnavailable(
                "The engine 'comfyui' needs the library websockets.",
                hint="Install it: pip install 'limner[comfyui]'",
            ) from error
        key = self._service.key.value
        try:
            return connect(
                f"ws{self._service.address.removeprefix('http')}/ws?clientId={client_id}",
                additional_headers={"Authorization": f"Bearer {key}"} if key else None,
                compression=None,
                max_size=MAX_ANSWER_BYTES,
                open_timeout=CONNECT_SECONDS,
                ping_timeout=self.patience_seconds,  # loading a model, it answers no ping
                proxy=self._service.way or None,
            )
        except (OSError, WebSocketException) as error:
            raise GeneratorUnavailable(
                f"ComfyUI at {self.host} opens no websocket: {type(error).__name__}.",
                retryable=True,
            ) from error

    def sent(self, image: NDArray[np.uint8], is_cancelled: IsCancelled) -> str:
        """The name under which it keeps a picture that was sent to it; RGBA, or one channel."""
        content = png_of(image if image.ndim == 3 else np.dstack([image] * 3))
        filename = f"limner-{sha256_of_bytes(content).removeprefix('sha256:')[:32]}.png"
        said = {"type": "input", "overwrite": "true"}
        media_type, body = form_data(said, {f"image/{filename}": content})
        kept = self.document(Call("POST", "/upload/image", body, media_type), is_cancelled)
        subfolder, name = str(kept.get("subfolder", "")), str(kept.get("name", ""))
        if not name:
            raise EngineFailed(f"ComfyUI at {self.host} did not take a picture to start from.")
        return f"{subfolder}/{name}" if subfolder else name

    def _refusal(self, answer: Answer, hidden: Sequence[str]) -> LimnerError:
        document = document_of(answer, self.host)
        return EngineFailed(
            f"ComfyUI at {self.host} does not take this ({answer.head.status}): "
            f"{quoted(_refused_words(document), *hidden)}",
            code="service_error",
        )


def _refused_words(document: Mapping[str, Any]) -> str:
    """What ComfyUI says of a graph it does not take: its error, and the first of each node."""
    said: object = document.get("error", "nothing more")
    error = cast("Mapping[str, Any]", said) if isinstance(said, dict) else {"message": said}
    words = [str(error.get("message", "nothing more"))]
    nodes: object = document.get("node_errors")
    for node, told in cast("Mapping[str, Any]", nodes if isinstance(nodes, dict) else {}).items():
        for one in told.get("errors", [])[:1]:
            words.append(f"node {node}: {one.get('message')} ({one.get('details')})")
    return "; ".join(words)
