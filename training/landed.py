"""Reads landed weights back into the training modules, so that a run can go on from them.

A work folder can be lost with its machine; what has landed cannot. The export names every constant
of a graph that holds a parameter as it is by that parameter (`name_parameters`), and `parameters_of`
finds them again, in half precision. Optimizer state and averages start anew.

    python -m training.landed WEIGHTS --work DIR     # lays landed autoencoder and head into a work folder
"""

import argparse
import json
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from torch import nn

from limner.generators.embedded.eight_bits import SCALE
from limner.generators.embedded.weights import Weights
from training import checkpoint
from training.autoencoder import Autoencoder, AutoencoderShape
from training.network import DrawingNetwork, NetworkShape
from training.superres import SuperResolution

PREFIX, JOINT = "parameter:", "|"
PLACE, PLACE_BIAS = "network.place", "network.patch_in.1.bias"
PLACES = "places"  # of all forms, in one table


def name_parameters(model: ov.Model, module: nn.Module) -> None:
    """Name the constants of a graph after the parameters of `module` whose values they hold."""
    values = {name: value.detach().numpy() for name, value in module.state_dict().items() if value.is_floating_point()}
    names = {_key(value): name for name, value in values.items()}
    num_rows = {len(value) for value in values.values() if value.ndim == 2}
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Constant" and node.data.dtype == np.float32:
            name = names.get(_key(node.data)) or _names_of_joined(node.data, names, num_rows)
            if name:
                node.set_friendly_name(PREFIX + name)


def _names_of_joined(values: np.ndarray, names: dict[tuple[int, bytes], str], num_rows: set[int]) -> str:
    """Names of matrices of equal height that lie one upon the other in a constant; empty if it is none such."""
    if values.ndim != 2:
        return ""
    for rows in num_rows:
        if rows < len(values) and len(values) % rows == 0:
            found = [names.get(_key(part)) for part in np.split(values, len(values) // rows)]
            if all(found):
                return JOINT.join(filter(None, found))
    return ""


def parameters_of(graphs: Path, *names: str) -> dict[str, np.ndarray]:
    """float32 values by parameter name, from the graphs of a weights folder called `names`."""
    found: dict[str, np.ndarray] = {}
    weights = Weights(graphs)
    for graph in names:
        values = weights.values(graph)
        nodes = ov.Core().read_model(weights.read(f"{graph}.xml"), ov.Tensor(values)).get_ordered_ops()
        constants = {_plain_name(node): np.array(node.data, dtype=np.float32) for node in nodes if _is_parameter(node)}
        for name, values in constants.items():
            if not name.endswith(SCALE):
                whole = values * constants.get(name + SCALE, np.float32(1))
                parts = name.split(JOINT)
                found |= dict(zip(parts, np.split(whole, len(parts)) if len(parts) > 1 else [whole], strict=True))
    return found


def _is_parameter(node: ov.Node) -> bool:
    return node.get_type_name() == "Constant" and node.get_friendly_name().startswith(PREFIX)


def _plain_name(node: ov.Node) -> str:
    return node.get_friendly_name().removeprefix(PREFIX).removesuffix("_compressed")


def landed_network(weights: Path) -> DrawingNetwork:
    """The drawing network of a weights folder.

    Raises:
        ValueError: the graphs do not name all of its parameters; they were exported by an earlier version.
    """
    card = json.loads((weights / "card.json").read_text())
    network = DrawingNetwork(NetworkShape(**card["network"]))
    found = parameters_of(weights, "condition", "denoise")
    if PLACES in found:
        forms = network.shape.grids
        for (form, (rows, columns)), places in zip(forms.items(), np.split(found[PLACES], len(forms)), strict=True):
            found[PLACE if form == "square" else f"{PLACE}_{form}"] = places[: rows * columns]
    else:
        found[PLACE_BIAS] = np.zeros(card["network"]["width"], dtype=np.float32)
    _all_found(restored(network, found, "network"), weights)
    return network


def landed_autoencoder(weights: Path) -> Autoencoder:
    """The autoencoder of a weights folder; the encoder's last layer has its normalisation worked in.

    Raises:
        ValueError: as `landed_network`.
    """
    channels = json.loads((weights / "card.json").read_text())["canvas"][0]
    model = Autoencoder(AutoencoderShape(latent_channels=channels))
    found = parameters_of(weights, "encode", "decode")
    last = max(int(name.split(".")[1]) for name, _ in model.named_parameters() if name.startswith("down."))
    found |= dict(zip((f"model.down.{last}.weight", f"model.down.{last}.bias"), _last_convolution(weights), strict=True))
    missing = restored(model, found, "model")
    _all_found([name for name in missing if not name.startswith("norm.")], weights)
    model.norm.running_var.fill_(1 - model.norm.eps)
    return model


def landed_head(weights: Path, picture_px: int) -> SuperResolution:
    """The super-resolution head of a weights folder.

    Raises:
        ValueError: as `landed_network`.
    """
    head = SuperResolution(picture_px)
    _all_found(restored(head, parameters_of(weights, "enlarge"), "head"), weights)
    return head


def _last_convolution(weights: Path) -> tuple[np.ndarray, np.ndarray]:
    nodes = ov.Core().read_model(weights / "encode.xml").get_ordered_ops()
    convolution = [node for node in nodes if node.get_type_name() == "Convolution"][-1]
    (added,) = convolution.output(0).get_target_inputs()
    return _constant(convolution.input_value(1).get_node()), _constant(added.get_node().input_value(1).get_node())


def _constant(node: ov.Node) -> np.ndarray:
    """What a constant is worth where it is used: one that is held in 8 bits is multiplied with its scale."""
    if node.get_type_name() == "Constant":
        return np.array(node.data, dtype=np.float32)
    return np.prod(np.broadcast_arrays(*(_constant(one.get_node()) for one in node.input_values())), axis=0)


def _all_found(missing: list[str], weights: Path) -> None:
    if missing:
        raise ValueError(f"the graphs in {weights} do not name these parameters: {', '.join(missing)}")


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


def lay(weights: Path, work: Path) -> None:
    """Lay a weights folder's autoencoder and super-resolution head into a work folder, as runs and export read them.

    What is there is left.

    Raises:
        ValueError: as `landed_network`.
    """
    model = landed_autoencoder(weights)
    head = landed_head(weights, model.shape.canvas)
    states = {
        "autoencoder": {"model": model.state_dict(), "seen": 0, "shape": model.shape.as_dict()},
        "superres-latents": {"model": head.state_dict(), "seen": 0},
    }
    for name, state in states.items():
        path = work / name / "checkpoint.pt"
        if path.exists():
            print(f"{path} exists and is left")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save(state, path)


def main() -> None:
    """Lay the landed autoencoder and super-resolution head into a work folder, as the checkpoints runs and export read."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("weights", type=Path, help="weights folder that has landed")
    parser.add_argument("--work", type=Path, required=True, help="work folder; what is there is left")
    args = parser.parse_args()
    lay(args.weights, args.work)


if __name__ == "__main__":
    main()
