"""Keeps the engine from fusing feed-forwards that are gated by Swish (SwiGLU)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino  # a second of start-up that most processes never need

UNREACHED = 3e38  # no value of a network is this far from 0


def with_swish_apart(model: openvino.Model) -> openvino.Model:
    """The graph with a bound behind every Swish that nothing reaches; changed in place.

    Where there is AMX, OpenVINO 2026.4.1 makes one node of a gated feed-forward, and with one
    thread that node divides by zero, which ends the process. With two it is no faster than the
    four nodes it stands for (docs/log.md, "A machine with AMX").
    """
    from openvino import opset13  # loaded by now

    for node in model.get_ordered_ops():
        if node.get_type_name() == "Swish":
            users = list(node.output(0).get_target_inputs())
            bounded = opset13.clamp(  # pyright: ignore[reportUnknownMemberType]
                node, -UNREACHED, UNREACHED
            )
            for user in users:
                user.replace_source_output(bounded.output(0))
    return model
