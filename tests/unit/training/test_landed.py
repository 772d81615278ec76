import numpy as np
import openvino as ov
import pytest

from limner.generators.embedded.weights import Weights

torch = pytest.importorskip("torch")


def said_by_graph(name: str, given: np.ndarray) -> np.ndarray:
    graph = ov.Core().compile_model(
        Weights().folder / f"{name}.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return np.asarray(graph([given])[0])


def test_a_landed_encoder_makes_the_latents_that_its_graph_makes():
    from training.landed import landed_autoencoder

    picture = np.random.default_rng(1).random((2, 4, 128, 128), np.float32)
    doubled = picture.repeat(2, axis=2).repeat(2, axis=3)  # the graph halves what it is given
    model = landed_autoencoder(Weights().folder).eval()
    with torch.no_grad():
        made = model.encode(torch.from_numpy(picture * 2 - 1)).numpy()
    np.testing.assert_allclose(made, said_by_graph("encode", doubled), atol=1e-3)
