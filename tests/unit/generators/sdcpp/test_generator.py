"""The real stable-diffusion.cpp on a real checkpoint with random weights; minutes where it runs.

`LIMNER_SDCPP_PYTHON` may name the interpreter of an environment that has it.
"""

import numpy as np
import pytest
from random_checkpoint import tensor_header

from limner.core.errors import BadInput, DrawingCancelled, WeightsRefused
from limner.core.records import Operation
from limner.generators.conformance import FACTS, Trial, try_fact

pytestmark = pytest.mark.timeout(3600)
DRAWN_IN_ANOTHER = "batched-picture-is-nearly-the-same"  # it has no batches


@pytest.fixture(scope="session")
def trial(generator_of, gguf):
    return Trial(generator=generator_of(gguf), num_steps=2)


@pytest.mark.parametrize("fact", [one for one in FACTS if one != DRAWN_IN_ANOTHER])
def test_it_conforms(trial, fact):
    tried = try_fact(trial, fact)
    assert tried.holds is not False, tried.told


def test_safetensors_draw_as_well(generator_of, safetensors):
    trial = Trial(generator=generator_of(safetensors), num_steps=1)
    (drawn,) = trial.draw(1)
    assert drawn.image_HWC[..., :3].std() > 1
    assert drawn.execution.versions.keys() == {"stable-diffusion-cpp-python"}


@pytest.mark.parametrize("sampler", ["euler-a", "dpmpp-2m", "lcm"])
def test_samplers_draw_other_pictures(trial, sampler):
    plain, other = (
        trial.draw(1, sketch=trial.sketch(sampler=name, steps=3))[0].image_HWC
        for name in ("euler", sampler)
    )
    assert not np.array_equal(plain, other)


def test_guidance_of_1_takes_one_pass_a_step(trial):
    (drawn,) = trial.draw(1, sketch=trial.sketch(guidance=1.0))
    assert (drawn.execution.steps, drawn.execution.num_forwards) == (2, 2)


def test_a_mask_keeps_what_it_does_not_cover(trial):
    source_HWC = np.full((64, 64, 4), 255, np.uint8)
    source_HWC[:, ::2, :3] = 0
    mask_HW = np.zeros((64, 64), np.uint8)
    mask_HW[:, 32:] = 255

    def draw(mask):
        sketch = trial.sketch(
            operation=Operation.MASK, source_HWC=source_HWC, mask_HW=mask, strength=1.0, steps=2
        )
        return trial.draw(1, sketch=sketch)[0].image_HWC

    assert not np.array_equal(draw(mask_HW), draw(np.full((64, 64), 255, np.uint8)))


def test_a_cancel_ends_the_process_within_a_step_and_the_next_drawing_starts_another(trial):
    steps = []
    with pytest.raises(DrawingCancelled):
        trial.draw(1, on_step=steps.append, is_cancelled=lambda: bool(steps))
    assert len(steps) == 1
    assert trial.generator.pid is None
    assert len(trial.draw(1)) == 1


def test_a_lora_in_the_prompt_is_refused(trial):
    with pytest.raises(BadInput, match="by which this engine's library opens files"):
        trial.generator.prepare(trial.sketch(prompt="a fox <lora:/tmp/x.pt:1>"))


def test_half_a_download_is_refused(generator_of, gguf, tmp_path):
    part = tmp_path / "half.gguf"
    with gguf.open("rb") as whole:
        part.write_bytes(whole.read(200_000_000))
    with pytest.raises(WeightsRefused, match="has 200000000 bytes; its header says"):
        generator_of(part)


def test_weights_of_no_architecture_it_knows_are_refused(generator_of, tmp_path):
    path = tmp_path / "other.safetensors"
    path.write_bytes(tensor_header([("words.weight", (4, 4))]) + bytes(32))
    with pytest.raises(WeightsRefused, match="cannot load the model"):
        Trial(generator=generator_of(path), num_steps=1).draw(1)


def test_a_changed_file_is_refused_by_its_hash(generator_of, tmp_path):
    copy = tmp_path / "tiny.safetensors"
    copy.write_bytes(tensor_header([("x", (2,))]) + b"1234")
    generator = generator_of(copy)
    copy.write_bytes(tensor_header([("x", (2,))]) + b"5678")
    with pytest.raises(WeightsRefused, match="its form says"):
        Trial(generator=generator, num_steps=1).draw(1)
