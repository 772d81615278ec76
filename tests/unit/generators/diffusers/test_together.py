"""Requests that share a call of a real pipeline; what each gets is what it gets alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

REASON = "the diffusers engine's libraries are not installed: pip install 'limner[diffusers]'"
pytest.importorskip("diffusers", reason=REASON, exc_type=ImportError)
pytest.importorskip("peft", reason=REASON, exc_type=ImportError)

import tiny_pipelines  # noqa: E402

from limner.core.drawing import FittedAdapter  # noqa: E402
from limner.core.records import Operation  # noqa: E402
from limner.generators.conformance import Trial  # noqa: E402
from limner.generators.diffusers.generator import DiffusersGenerator  # noqa: E402
from limner.generators.diffusers.schedulers import FLOW_SAMPLERS, NOISE_SAMPLERS  # noqa: E402
from limner.generators.process.generator import ProcessGenerator, Room  # noqa: E402
from limner.generators.process.outside import Housing  # noqa: E402
from limner.generators.together import Row  # noqa: E402

WISHES = (("a red fox", "blur"), ("a fox, a fox and a blue boat", "haze"), ("x", "bad"))
NEEDS = {"lms": "scipy", "dpmpp-sde": "torchsde"}


@pytest.fixture(scope="module")
def trial_of(form_of):
    kept = {}

    def find(family, **options):
        key = (family, *options.items())
        if key not in kept:
            form = form_of(family, options={"batch_size": 4, **options})
            kept[key] = Trial(generator=DiffusersGenerator(form), num_steps=4)
        return kept[key]

    return find


def rows_of(trial, has_negative=False, **changes):
    """A row for each wish, with a picture and a mask of its own where it starts from one."""
    rng = np.random.default_rng(0)
    rows = []
    for number, (prompt, negative) in enumerate(WISHES):
        own = {"prompt": prompt, "negative": negative if has_negative else ""}
        if changes.get("operation", Operation.TEXT) is not Operation.TEXT:
            own["source_HWC"] = rng.integers(0, 256, (32, 32, 4), np.uint8)
            own["strength"] = 0.7
        if changes.get("operation") is Operation.MASK:
            own["mask_HW"] = np.zeros((32, 32), np.uint8)
            own["mask_HW"][:, : 8 * (number + 1)] = 255
        sketch = trial.sketch(is_deterministic=False, **own, **changes)
        rows.append(Row(trial.generator.prepare(sketch), 5 + number))
    return rows


def largest_difference(trial, rows):
    """Of any pixel, in levels of 255, between rows drawn in one call and each alone."""
    engine = trial.generator
    assert len({engine.kind_of(row.plan) for row in rows}) == 1
    together = engine.draw_together(rows)
    assert [one.execution.batch_size for one in together] == [len(rows)] * len(rows)
    assert len({one.image_HWC.tobytes() for one in together}) == len(rows)
    alone = [engine.draw_together([row])[0] for row in rows]
    return max(
        int(np.abs(one.image_HWC.astype(int) - other.image_HWC).max())
        for one, other in zip(together, alone, strict=True)
    )


@pytest.mark.parametrize("family", tiny_pipelines.FAMILIES)
def test_requests_in_one_call_get_what_they_get_alone(trial_of, family):
    trial = trial_of(family)
    assert largest_difference(trial, rows_of(trial)) <= 1


@pytest.mark.parametrize("family", ["sd1", "sdxl", "sd3", "pixart", "qwen", "z-image"])
def test_each_has_its_own_negative_prompt(trial_of, family):
    trial = trial_of(family)
    assert largest_difference(trial, rows_of(trial, has_negative=True)) <= 1


@pytest.mark.parametrize("operation", [Operation.IMAGE, Operation.MASK])
@pytest.mark.parametrize("family", ["sd1", "sdxl", "sd3", "flux", "qwen", "z-image"])
def test_each_starts_from_its_own_picture(trial_of, family, operation):
    trial = trial_of(family)
    assert largest_difference(trial, rows_of(trial, operation=operation)) <= 1


@pytest.mark.parametrize(
    ("family", "sampler"),
    [("sd1", one) for one in NOISE_SAMPLERS] + [("sd3", one) for one in FLOW_SAMPLERS],
)
def test_every_sampler_draws_by_the_pictures_own_seeds(trial_of, family, sampler):
    if sampler in NEEDS:
        pytest.importorskip(NEEDS[sampler], reason=f"the sampler {sampler} needs it")
    trial = trial_of(family)
    rows = rows_of(trial, sampler=sampler)
    assert largest_difference(trial, rows) <= 1
    (one,), (again,) = (trial.generator.draw_together(rows[:1]) for _ in range(2))
    assert np.array_equal(one.image_HWC, again.image_HWC)


def test_words_with_weights_share_a_call(trial_of):
    pytest.importorskip("compel", reason=REASON)
    trial = trial_of("sdxl", weighting="compel")
    assert largest_difference(trial, rows_of(trial, has_negative=True)) <= 1


def test_what_requests_must_agree_in(trial_of):
    engine, trial = trial_of("sd1").generator, trial_of("sd1")

    def kind(**changes):
        plan = trial_of("sd1").generator.prepare(
            trial.sketch(**{"is_deterministic": False, **changes})
        )
        return engine.kind_of(plan)

    edges = np.full((32, 32, 4), 255, np.uint8)
    assert kind() == kind(prompt="another")
    assert kind(negative="a") == kind(negative="b") != kind()
    assert kind(is_deterministic=True) is None
    others = [
        {"steps": 9},
        {"guidance": 2.5},
        {"sampler": "euler"},
        {"canvas": (64, 32)},
        {"strength": 0.5},
    ]
    assert len({kind(), *(kind(**one) for one in others)}) == 1 + len(others)
    sketch = trial.sketch(
        is_deterministic=False,
        adapters=(FittedAdapter(name="edges", weight=1.0, sha256="sha256:e", image_HWC=edges),),
    )
    assert (
        engine.kind_of(
            type(rows_of(trial)[0].plan)(sketch=sketch, num_prompt_tokens=1, num_negative_tokens=0)
        )
        is None
    )


def test_callers_of_its_process_share_a_call(form_of):
    room = Room()
    housing = Housing(engine="limner.generators.diffusers.generator:open_generator")
    form = form_of("sd1", options={"batch_size": 4})
    trial = Trial(generator=ProcessGenerator(form, housing, room), num_steps=20)

    def draw(seed, prompt, **changes):
        return trial.draw(seed, sketch=trial.sketch(prompt=prompt, **changes))[0]

    try:
        alone = [draw(seed, prompt) for seed, (prompt, _) in enumerate(WISHES)]
        with ThreadPoolExecutor(6) as pool:
            wishes = [(seed, WISHES[seed][0]) for seed in (0, 1, 2, 0, 1, 2)]
            drawings = [pool.submit(draw, *one, is_deterministic=False) for one in wishes]
            together = [one.result() for one in drawings]
    finally:
        room.close()
    assert max(one.execution.batch_size for one in together) > 1
    for (seed, _), one in zip(wishes, together, strict=True):
        difference = np.abs(one.image_HWC.astype(int) - alone[seed].image_HWC)
        assert int(difference.max()) <= 1
