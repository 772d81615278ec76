"""ComfyUI behind the `Generator` port: a workflow is queued, followed, and its picture fetched.

Its websocket tells the steps; its history tells what came out. A drawing that is cancelled is taken
out of its queue or interrupted there, and nobody else's is. As it does not say how it splits text,
a token is one character here.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Execution, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled, EngineFailed, EngineLost, LimnerError
from limner.core.forms import ModelForm
from limner.core.ports import GeneratorCard
from limner.core.setting_values import Secret, Secrets
from limner.generators.services.calls import POLL_SECONDS, Call, IsCancelled, quoted, service_of
from limner.generators.services.comfyui_client import ComfyUI
from limner.generators.services.comfyui_workflow import Workflow, workflow_of
from limner.generators.services.pictures import picture_of, preview_of
from limner.generators.services.promises import accepted

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

OPTIONS = frozenset({"workflow", "inputs", "output", "timeout_seconds"})
PREVIEW_EVENT = 1
PREVIEW_START = struct.Struct(">II")  # the event, and the kind of picture

Watcher = Callable[[StepProgress], None]


class ComfyUIGenerator:
    """Draws with a workflow of ComfyUI. Making one calls nobody.

    Args:
        form: of the model.
        keys: of services, by host.
        proxy: address of the HTTP proxy on the way; ``None`` for none.

    Raises:
        ModelFormInvalid: an option is not allowed, or the form promises what the workflow has no
            input for.
    """

    def __init__(self, form: ModelForm, keys: Secrets, proxy: Secret | None = None) -> None:
        form.require_options(OPTIONS)
        self._card = form.card
        self._comfyui = ComfyUI(service_of(form, keys, proxy))
        self._workflow = workflow_of(form)

    @property
    def card(self) -> GeneratorCard:
        """What the form says."""
        return self._card

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it for its length; see the port."""
        return accepted(sketch, self._card)

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Watcher | None = None,
        is_cancelled: IsCancelled | None = None,
    ) -> Iterator[Drawn]:
        """Draw one picture for every seed; see the port.

        Raises:
            EngineFailed: ComfyUI could not draw this.
            EngineLost: it went away, or somebody interrupted it there; retryable.
        """
        is_cancelled = is_cancelled or (lambda: False)
        stats = self._comfyui.look(is_cancelled)
        files = self._sent_files(plan.sketch, is_cancelled)
        for number, seed in enumerate(seeds):
            started = time.perf_counter()
            graph = self._workflow.filled(_values(plan.sketch, seed, files))
            progress = StepProgress(
                step=0,
                num_steps=plan.sketch.steps,
                num_images_done=number,
                batch_size=1,
                num_images=len(seeds),
            )
            run = _Run(self._comfyui, self._workflow, plan.sketch, progress, on_step, is_cancelled)
            image_HWC = run.picture_of(graph)
            yield Drawn(
                image_HWC=image_HWC,
                seed=seed,
                is_finite=True,
                execution=_execution(plan, self._card.engine, stats),
                seconds=time.perf_counter() - started,
            )

    def look(self) -> tuple[str, ...]:
        """Classes of nodes that the workflow has and this ComfyUI has not.

        Raises:
            GeneratorUnavailable: it cannot be reached.
            EngineFailed: something else answers.
        """
        self._comfyui.look()
        used = {str(node["class_type"]) for node in self._workflow.graph.values()}
        return tuple(sorted(used - self._comfyui.node_classes()))

    def _sent_files(self, sketch: Sketch, is_cancelled: IsCancelled) -> dict[str, str]:
        """Names under which ComfyUI has the pictures of a sketch."""
        pictures = {"image": sketch.source_HWC, "mask": sketch.mask_HW}
        return {
            name: self._comfyui.sent(image, is_cancelled)
            for name, image in pictures.items()
            if image is not None
        }


class _Run:
    """One picture, from the queue to its file."""

    def __init__(
        self,
        comfyui: ComfyUI,
        workflow: Workflow,
        sketch: Sketch,
        progress: StepProgress,
        on_step: Watcher | None,
        is_cancelled: IsCancelled,
    ) -> None:
        self._comfyui, self._workflow = comfyui, workflow
        self._sketch, self._progress = sketch, progress
        self._on_step, self._is_cancelled = on_step, is_cancelled
        self._preview = b""

    def picture_of(self, graph: Mapping[str, Any]) -> NDArray[np.uint8]:
        """Queue a graph, follow it, and fetch what it gives."""
        comfyui, client_id = self._comfyui, uuid4().hex
        hidden = (self._sketch.prompt, self._sketch.negative)
        with comfyui.open_socket(client_id) as line:
            body = json.dumps({"prompt": graph, "client_id": client_id}).encode()
            queued = comfyui.document(Call("POST", "/prompt", body), self._is_cancelled, hidden)
            prompt_id = str(queued.get("prompt_id", ""))
            try:
                self._follow(line, prompt_id)
                content = self._fetched(prompt_id)
            except BaseException:
                comfyui.leave(prompt_id)
                raise
        image_HWC = picture_of(content, self._sketch.canvas, comfyui.host)
        if self._progress.step < self._progress.num_steps:
            self._tell(self._progress.num_steps, self._progress.num_steps)
        return image_HWC

    def _follow(self, line: ClientConnection, prompt_id: str) -> None:
        """Listen until the graph is done."""
        from websockets.exceptions import ConnectionClosed

        ends_at = time.monotonic() + self._comfyui.patience_seconds
        while True:
            if self._is_cancelled():
                raise DrawingCancelled()
            if time.monotonic() > ends_at:
                raise EngineFailed(
                    f"ComfyUI at {self._comfyui.host} did not finish a picture within "
                    f"{self._comfyui.patience_seconds:g} seconds.",
                    code="service_slow",
                    hint="Raise the model's option 'timeout_seconds' if it needs longer.",
                )
            try:
                said = line.recv(timeout=POLL_SECONDS)
            except TimeoutError:
                continue
            except ConnectionClosed as error:
                raise EngineLost(
                    f"ComfyUI at {self._comfyui.host} went away in the middle of a drawing.",
                    hint="It may have been started anew; its log says why.",
                    retryable=True,
                ) from error
            if isinstance(said, bytes):
                self._keep_preview(said)
            elif self._is_end(_message(said), prompt_id):
                return

    def _keep_preview(self, said: bytes) -> None:
        if len(said) > PREVIEW_START.size and PREVIEW_START.unpack_from(said)[0] == PREVIEW_EVENT:
            self._preview = said[PREVIEW_START.size :]

    def _is_end(self, message: Mapping[str, Any], prompt_id: str) -> bool:
        """Take in one message; whether it says that the graph is done."""
        said: object = message.get("data")
        data = cast("Mapping[str, Any]", said if isinstance(said, dict) else {})
        if data.get("prompt_id", prompt_id) != prompt_id:
            return False
        match message.get("type"):
            case "progress":
                self._step(data)
            case "execution_error":
                raise self._error(data)
            case "execution_interrupted":
                raise EngineLost(
                    f"The drawing was interrupted at ComfyUI at {self._comfyui.host}.",
                    retryable=True,
                )
            case "executing":
                return "prompt_id" in data and data.get("node") is None
            case "execution_success":
                return True
            case _:
                pass
        return False

    def _step(self, data: Mapping[str, Any]) -> None:
        step, num_steps = data.get("value"), data.get("max")
        is_ours = data.get("node", "") in (self._workflow.stepping_node, "")
        if not is_ours or not isinstance(step, int) or not isinstance(num_steps, int):
            return
        if self._progress.step < step <= num_steps:
            self._tell(step, num_steps)

    def _tell(self, step: int, num_steps: int) -> None:
        seen = preview_of(self._preview, self._sketch.canvas) if self._preview else None
        read_preview = None if seen is None else lambda: np.array(seen)
        self._progress = replace(
            self._progress, step=step, num_steps=num_steps, read_preview=read_preview
        )
        if self._on_step is not None:
            self._on_step(self._progress)

    def _error(self, data: Mapping[str, Any]) -> LimnerError:
        kind = str(data.get("exception_type", ""))
        words = quoted(
            data.get("exception_message", "nothing more"),
            self._sketch.prompt,
            self._sketch.negative,
        )
        where = f"node {data.get('node_id')} ({data.get('node_type')})"
        if "OutOfMemory" in kind:
            return EngineFailed(
                f"ComfyUI at {self._comfyui.host} ran out of memory in {where}.",
                code="engine_out_of_memory",
                hint="Ask for a smaller canvas, or start ComfyUI with --lowvram.",
            )
        return EngineFailed(
            f"ComfyUI at {self._comfyui.host} failed in {where}: {words}", code="service_error"
        )

    def _fetched(self, prompt_id: str) -> bytes:
        """The file of the one picture the graph gave."""
        comfyui = self._comfyui
        history = comfyui.document(Call("GET", f"/history/{prompt_id}"), self._is_cancelled)
        if prompt_id not in history:
            raise EngineLost(
                f"ComfyUI at {comfyui.host} does not know the drawing any more; it was started "
                "anew.",
                retryable=True,
            )
        images = list(_images_in(history[prompt_id], self._workflow.output))
        if len(images) != 1:
            raise EngineFailed(
                f"The workflow gave {len(images)} pictures; allowed is one.",
                hint="Name the node that saves it in the model's option 'output'.",
            )
        return comfyui.fetched(images[0], self._is_cancelled)


def _values(sketch: Sketch, seed: int, files: Mapping[str, str]) -> dict[str, object]:
    return {
        "prompt": sketch.prompt,
        "negative": sketch.negative,
        "seed": seed,
        "steps": sketch.steps,
        "guidance": sketch.guidance,
        "sampler": sketch.sampler,
        "strength": sketch.strength,
        "width": sketch.canvas.width_px,
        "height": sketch.canvas.height_px,
        **files,
    }


def _execution(plan: Plan, engine: str, stats: Mapping[str, Any]) -> Execution:
    system = cast("Mapping[str, Any]", stats["system"])
    devices = cast("Sequence[Mapping[str, Any]]", stats.get("devices") or [{}])
    libraries = {"comfyui": "comfyui_version", "torch": "pytorch_version"}
    return Execution(
        steps=plan.sketch.steps,
        num_forwards=1,  # of the whole graph; what its nodes did is not told
        num_prompt_tokens=plan.num_prompt_tokens,
        batch_size=1,
        engine=engine,
        device=str(devices[0].get("name") or "not told"),
        precision="not told",
        num_threads=None,
        versions={name: str(system.get(key) or "not told") for name, key in libraries.items()},
    )


def _message(said: str) -> Mapping[str, Any]:
    """A message, empty for what cannot be read; others than ours come over the same line."""
    try:
        message = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Any]", message) if isinstance(message, dict) else {}


def _images_in(entry: Mapping[str, Any], output: str) -> Iterator[Mapping[str, Any]]:
    """The pictures an entry of the history names; temporary ones only of the node asked for."""
    outputs = cast("Mapping[str, Mapping[str, Any]]", entry.get("outputs") or {})
    for node, made in outputs.items():
        for image in cast("Sequence[Mapping[str, Any]]", made.get("images") or []):
            if output == node or (not output and image.get("type") == "output"):
                yield image
