"""Reads landed weights back into the training modules, so that a run can go on from them.

A work folder can be lost with its machine; what has landed cannot. The export names every constant
of a graph that holds a parameter as it is by that parameter (`name_parameters`), and `parameters_of`
finds them again, in half precision. Optimizer state and averages start anew.
"""

from pathlib import Path

import numpy as np
import openvino as ov
import torch
from torch import nn

PREFIX = "parameter:"


def name_parameters(model: ov.Model, module: nn.Module) -> None:
    """Name the constants of a graph after the parameters of `module` whose values they hold."""
    names = {_key(value.detach().numpy()): name for name, value in module.state_dict().items() if value.is_floating_point()}
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Constant" and node.data.dtype == np.float32:
            name = names.get(_key(node.data))
            if name is not None:
                node.set_friendly_name(PREFIX + name)


def parameters_of(graphs: Path, *names: str) -> dict[str, np.ndarray]:
    """float32 values by parameter name, from the graphs of a weights folder called `names`."""
    found: dict[str, np.ndarray] = {}
    for graph in names:
        for node in ov.Core().read_model(graphs / f"{graph}.xml").get_ordered_ops():
            name = node.get_friendly_name()
            if node.get_type_name() == "Constant" and name.startswith(PREFIX):
                found[name.removeprefix(PREFIX).removesuffix("_compressed")] = np.array(node.data, dtype=np.float32)
    return found


def restored(module: nn.Module, found: dict[str, np.ndarray], inside: str) -> list[str]:
    """Put values into `module`, whose parameters are called `inside.NAME` in the graphs; returns what was not found."""
    state = module.state_dict()
    missing: list[str] = []
    for name, value in state.items():
        landed = found.get(f"{inside}.{name}")
        if landed is None or landed.size != value.numel():
            missing.append(name)
        else:
            state[name] = torch.from_numpy(landed).reshape(value.shape)
    module.load_state_dict(state)
    return missing


def _key(values: np.ndarray) -> tuple[int, bytes]:
    return values.size, np.ascontiguousarray(values, dtype=np.float32).tobytes()

