"""Checkpoints that survive a kill: written whole or not at all, and the one before is kept.

A checkpoint holds plain tensors and JSON-like values and is read with `weights_only`, so no code can hide in one.
"""

import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.data.batches import Batches

State = dict[str, Any]


def save(state: State, path: Path) -> None:
    """Write `state` to `path`; a kill at any moment leaves the old or the new one."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        path.replace(path.with_suffix(".previous"))
    partial.replace(path)


def load(path: Path) -> State | None:
    """The newest readable checkpoint at `path`, or None when there is none."""
    for candidate in (path, path.with_suffix(".previous")):
        if candidate.exists():
            return torch.load(candidate, weights_only=True)
    return None


def resume_simple(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches) -> int:
    """Put a run of one model and one optimizer where it was; returns the pictures it has seen, 0 when it is new."""
    state = load(path)
    if state is None:
        return 0
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    batches.load_state_dict(state["batches"])
    return state["seen"]


class Clock:
    """Says when `interval_seconds` have passed since it last said so."""

    def __init__(self, interval_seconds: float) -> None:
        self.interval_seconds = interval_seconds
        self.last = time.monotonic()

    def is_due(self) -> bool:
        """True once per interval."""
        now = time.monotonic()
        if now - self.last < self.interval_seconds:
            return False
        self.last = now
        return True
