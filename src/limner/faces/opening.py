"""Opening a studio for one command; our errors become a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import typer

from limner.core.errors import LimnerError
from limner.early import loading_networks
from limner.faces.exits import exit_code_of
from limner.faces.printing import say_error

if TYPE_CHECKING:
    from limner.studio.studio import Studio


@contextmanager
def opened(context: typer.Context, *, draws: bool = False) -> Generator[Studio]:
    """A studio for one command; our errors become a sentence and an exit code.

    The real studio, unless the program that embeds this face put another way to open one into
    the context's ``obj``.

    Args:
        context: of the command.
        draws: whether the command will draw with the model inside; its networks load meanwhile.
    """
    is_real = context.obj is None
    with (
        saying_errors(),
        loading_networks() if draws and is_real else nullcontext(),
        (context.obj or open_studio)() as studio,
    ):
        yield studio


@contextmanager
def saying_errors() -> Generator[None]:
    """Our errors become a sentence and an exit code."""
    try:
        yield
    except LimnerError as error:
        say_error(error)
        raise typer.Exit(exit_code_of(error)) from error


def open_studio() -> Studio:
    """The real studio."""
    from limner.app import Studio as WiredStudio

    return WiredStudio()
