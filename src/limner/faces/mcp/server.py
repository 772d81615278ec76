"""The protocol: three tools by the official SDK, over standard input and output."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, ImageContent, TextContent, ToolAnnotations
from pydantic import Field

from limner.core.errors import LimnerError
from limner.core.jobs import Progressed
from limner.faces.http.compat.drawing import in_thread
from limner.faces.mcp.desk import Desk, Told
from limner.studio.requests import request_from
from limner.studio.sealing import MEDIA_TYPES

MAX_IMAGES = 4  # more would fill an agent's context

INSTRUCTIONS = (
    "Limner draws small pictures, icons and stickers, judges every one by criteria set beforehand, "
    "and seals what it releases. An image that is held waits for a person: it is not returned, and "
    "asking again does not release it. Call status with the job_id later."
)

Prompt = Annotated[str, Field(description="What to draw, in English.")]
Number = Annotated[int, Field(ge=1, le=MAX_IMAGES, description="How many pictures.")]
Seed = Annotated[int | None, Field(ge=0, le=2**32 - 1, description="Of the first picture.")]
Size = Annotated[str | None, Field(description="WIDTHxHEIGHT in pixels.")]
Style = Annotated[str | None, Field(description="A style of the model.")]
Negative = Annotated[str, Field(description="What to steer away from.")]
Background = Annotated[str, Field(description="auto, transparent, or a CSS colour.")]
JobId = Annotated[str, Field(description="From generate.")]
Path = Annotated[str, Field(description="A picture file on this machine.")]


def make_server(desk: Desk, version: str) -> MCPServer[object]:
    """The server with its tools, not yet running."""
    server: MCPServer[object] = MCPServer(
        "limner", instructions=INSTRUCTIONS, version=version, log_level="WARNING"
    )

    @server.tool(annotations=ToolAnnotations(read_only_hint=False, destructive_hint=False))
    async def generate(
        context: Context[object, object],
        prompt: Prompt,
        n: Number = 1,
        seed: Seed = None,
        size: Size = None,
        style: Style = None,
        negative_prompt: Negative = "",
        background: Background = "auto",
    ) -> CallToolResult:
        """Draw pictures. Released ones are returned; held and refused ones are named with why."""
        with _telling_errors():
            request = request_from(
                desk.studio.parts,
                prompt,
                n=n,
                seed=seed,
                size=size,
                style=style,
                negative=negative_prompt,
                background=background,
            )
            async for news in desk.draw(request):
                if not isinstance(news, Progressed):
                    return _result(await in_thread(lambda job=news: desk.tell(job)))
                await _report(context, news)
            raise AssertionError("a job ended without its end")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    async def status(job_id: JobId, with_images: bool = False) -> CallToolResult:
        """How a job stands, and what was decided about its pictures; also after a person looked."""
        with _telling_errors():
            told = await in_thread(lambda: desk.status(job_id))
        return _result(told, with_images=with_images, is_error=False)

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    async def verify(path: Path) -> CallToolResult:
        """Whether a picture file is what it was when it was sealed, by whom, and if from here."""
        with _telling_errors():
            document = await in_thread(lambda: desk.verify(path))
        return CallToolResult(content=[_text(document)], structured_content=document)

    return server


@contextmanager
def _telling_errors() -> Generator[None]:
    """Our errors become what the agent reads."""
    try:
        yield
    except LimnerError as error:
        raise ToolError(f"{error.code}: {error.message} {error.hint}".strip()) from error


async def _report(context: Context[object, object], news: Progressed) -> None:
    progress = news.progress
    within = progress.step / progress.num_steps if progress.num_steps else 0.0
    done = min(progress.num_images, progress.num_images_done + within)
    await context.report_progress(done, progress.num_images)


def _result(
    told: Told, *, with_images: bool = True, is_error: bool | None = None
) -> CallToolResult:
    images = [
        ImageContent(
            type="image",
            data=base64.b64encode(one.content).decode("ascii"),
            mime_type=MEDIA_TYPES[one.record.file_format],
        )
        for one in told.images
        if with_images
    ]
    return CallToolResult(
        content=[_text(told.document), *images],
        structured_content=told.document,
        is_error=told.is_error if is_error is None else is_error,
    )


def _text(document: dict[str, object]) -> TextContent:
    return TextContent(type="text", text=json.dumps(document, ensure_ascii=False))
