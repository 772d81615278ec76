import numpy as np
import pytest

REASON = "the diffusers engine's libraries are not installed: pip install 'limner[diffusers]'"
diffusers = pytest.importorskip("diffusers", reason=REASON, exc_type=ImportError)
pytest.importorskip("peft", reason=REASON, exc_type=ImportError)

import tiny_pipelines  # noqa: E402
import torch  # noqa: E402
from painted_limner import painted_studio  # noqa: E402
from PIL import Image  # noqa: E402

from limner.core.deciding import Outcome  # noqa: E402
from limner.core.errors import (  # noqa: E402
    BadInput,
    EngineFailed,
    GeneratorUnavailable,
    ModelFormInvalid,
    PromptTooLong,
)
from limner.core.records import Operation, Size  # noqa: E402
from limner.generators.conformance import FACTS, Trial, try_fact  # noqa: E402
from limner.generators.diffusers.generator import DiffusersGenerator  # noqa: E402
from limner.generators.process.generator import ProcessGenerator, Room  # noqa: E402
from limner.generators.process.outside import Housing  # noqa: E402


@pytest.fixture(scope="module")
def generator_of(form_of):
    kept = {}

    def find(family):
        if family not in kept:
            kept[family] = DiffusersGenerator(form_of(family))
        return kept[family]

    return find


@pytest.mark.parametrize("family", tiny_pipelines.FAMILIES)
@pytest.mark.parametrize("fact", FACTS)
def test_every_family_conforms(generator_of, family, fact):
    tried = try_fact(Trial(generator=generator_of(family), prompt="a red fox"), fact)
    assert tried.holds is not False, tried.told


@pytest.mark.parametrize("family", tiny_pipelines.FAMILIES)
def test_pixels_are_those_of_the_bare_pipeline(generator_of, folder_of, family):
    trial = Trial(generator=generator_of(family))
    (drawn,) = trial.draw(5)
    bare = diffusers.DiffusionPipeline.from_pretrained(folder_of(family), use_safetensors=True)
    bare.set_progress_bar_config(disable=True)
    further = {
        "pixart": {"guidance_scale": 3.0, "use_resolution_binning": False, "clean_caption": False},
        "qwen": {"true_cfg_scale": 3.0, "negative_prompt": " "},
    }.get(family, {"guidance_scale": 3.0})
    (picture,) = bare(
        trial.prompt,
        width=32,
        height=32,
        num_inference_steps=3,
        generator=torch.Generator().manual_seed(5),
        **further,
    ).images
    assert np.array_equal(np.asarray(picture), drawn.image_HWC[..., :3])


@pytest.mark.parametrize("family", [*tiny_pipelines.PICTURE_ONLY, "flux-kontext"])
@pytest.mark.parametrize("fact", FACTS)
def test_models_that_read_a_picture_whole_or_masked_conform(generator_of, family, fact):
    tried = try_fact(Trial(generator=generator_of(family), prompt="a red fox"), fact)
    assert tried.holds is not False, tried.told


def test_a_second_pass_is_drawn_on_a_canvas_that_the_form_does_not_list(settings, generator_of):
    with painted_studio(settings, generator_of("sd1")) as studio:
        (image,) = studio.generate("a fox", size="48", seed=3, second_pass=0.5, deterministic=True)
    recipe = image.recipe
    assert (recipe.second_pass.draft_canvas, recipe.canvas) == (Size(32, 32), Size(48, 48))
    assert image.outcome is Outcome.RELEASED


@pytest.mark.parametrize("family", tiny_pipelines.PICTURE_ONLY)
def test_words_alone_are_refused_where_a_picture_is_needed(generator_of, family):
    sketch = Trial(generator=generator_of(family)).sketch(operation=Operation.TEXT)
    with pytest.raises(BadInput, match="cannot start from 'text'; it can from"):
        generator_of(family).prepare(sketch)


def test_an_inpainting_checkpoint_draws_the_pixels_of_the_bare_pipeline(generator_of, folder_of):
    trial = Trial(generator=generator_of("sd1-inpaint"))
    (drawn,) = trial.draw(5)
    bare = diffusers.DiffusionPipeline.from_pretrained(folder_of("sd1-inpaint"))
    bare.set_progress_bar_config(disable=True)
    sketch = trial.sketch()
    (picture,) = bare(
        trial.prompt,
        image=Image.fromarray(sketch.source_HWC).convert("RGB"),
        mask_image=Image.fromarray(sketch.mask_HW),
        strength=1.0,
        width=32,
        height=32,
        num_inference_steps=3,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(5),
    ).images
    assert np.array_equal(np.asarray(picture), drawn.image_HWC[..., :3])


@pytest.mark.parametrize("family", ["sd1-img2img", "sd1-masked"])
def test_a_sibling_draws_what_its_family_draws(generator_of, family):
    kin = Trial(generator=generator_of("sd1"))
    trial = Trial(generator=generator_of(family))
    assert trial.card.operations == kin.card.operations
    assert np.array_equal(trial.draw(1)[0].image_HWC, kin.draw(1)[0].image_HWC)
    tried = try_fact(trial, "picture-can-be-started-from")
    assert tried.holds, tried.told


def test_an_inpainting_network_in_a_plain_pipeline_draws_into_masks_only(generator_of):
    trial = Trial(generator=generator_of("sd1-nine"))
    assert trial.card.operations == {Operation.MASK}
    assert len(trial.draw(1)) == 1


def test_it_conforms_in_a_process_of_its_own(form_of):
    room = Room()
    housing = Housing(engine="limner.generators.diffusers.generator:open_generator")
    trial = Trial(generator=ProcessGenerator(form_of("sd1"), housing, room))
    try:
        tried = [try_fact(trial, fact) for fact in FACTS]
    finally:
        room.close()
    assert [one for one in tried if one.holds is False] == []


@pytest.mark.parametrize("sampler", ["ddim", "euler", "euler-a", "heun", "dpmpp-2m-karras", "lms"])
def test_samplers_draw_other_pictures(generator_of, sampler):
    trial = Trial(generator=generator_of("sd1"))
    if sampler == "lms":
        pytest.importorskip("scipy", reason="the sampler lms needs scipy")
    (usual,), (other,) = trial.draw(1), trial.draw(1, sketch=trial.sketch(sampler=sampler))
    assert not np.array_equal(usual.image_HWC, other.image_HWC)


def test_a_sampler_of_another_kind_of_model_is_refused(generator_of):
    trial = Trial(generator=generator_of("sd1"))
    with pytest.raises(BadInput, match="does not go with this model"):
        trial.draw(1, sketch=trial.sketch(sampler="flow-heun"))


def test_a_sampler_whose_library_is_missing_is_told(generator_of, monkeypatch):
    class LMSDiscreteScheduler:
        @staticmethod
        def from_config(*_, **__):
            raise ImportError("LMSDiscreteScheduler requires the scipy library")

    monkeypatch.setattr(diffusers, "LMSDiscreteScheduler", LMSDiscreteScheduler)
    trial = Trial(generator=generator_of("sd1"))
    with pytest.raises(GeneratorUnavailable, match="'lms' needs scipy"):
        trial.draw(1, sketch=trial.sketch(sampler="lms"))


def test_qwen_is_guided_without_a_negative_prompt_too(generator_of):
    trial = Trial(generator=generator_of("qwen"))
    (little,), (much,) = (trial.draw(1, sketch=trial.sketch(guidance=one)) for one in (1.5, 6.0))
    assert not np.array_equal(little.image_HWC, much.image_HWC)
    assert much.execution.num_forwards == 2 * much.execution.steps


def test_a_negative_prompt_changes_the_picture(generator_of):
    trial = Trial(generator=generator_of("sd1"))
    (plain,), (other,) = trial.draw(1), trial.draw(1, sketch=trial.sketch(negative="blur"))
    assert not np.array_equal(plain.image_HWC, other.image_HWC)


def test_strength_decides_how_many_steps_run(generator_of):
    trial = Trial(generator=generator_of("sd1"), num_steps=4)
    source = np.full((32, 32, 4), 200, np.uint8)
    sketch = trial.sketch(operation=Operation.IMAGE, source_HWC=source, strength=0.5)
    (drawn,) = trial.draw(1, sketch=sketch)
    assert drawn.execution.steps in (2, 3)  # PNDM repeats its first


def test_an_over_long_prompt_is_refused_with_the_kept_part(generator_of):
    with pytest.raises(PromptTooLong, match="only the first 75 can be kept") as caught:
        generator_of("sd1").prepare(Trial(generator=generator_of("sd1")).sketch(prompt="a " * 90))
    assert "the kept part ends at" in caught.value.hint


SIDES = {"sd1": 8, "sdxl": 8, "sd3": 2, "flux": 2, "pixart": 8, "qwen": 8, "z-image": 4}
SIDES |= {"sd1-inpaint": 8}


@pytest.mark.parametrize("family", SIDES)
def test_a_canvas_that_is_not_divisible_is_refused_before_anything_is_drawn(generator_of, family):
    sketch = Trial(generator=generator_of(family)).sketch(canvas=Size(32 + SIDES[family] // 2, 32))
    with pytest.raises(BadInput, match=f"draws sides divisible by {SIDES[family]}"):
        generator_of(family).prepare(sketch)


@pytest.mark.parametrize("family", tiny_pipelines.FAMILIES)
def test_the_least_step_in_size_is_drawn(generator_of, family):
    side_px = 32 + SIDES[family]
    trial = Trial(generator=generator_of(family))
    (drawn,) = trial.draw(1, sketch=trial.sketch(canvas=Size(side_px, 32)))
    assert drawn.image_HWC.shape == (32, side_px, 4)


def test_a_picture_of_another_size_than_was_asked_for_is_refused(form_of, monkeypatch):
    small = np.zeros((1, 16, 32, 3))
    monkeypatch.setattr("limner.generators.diffusers.generator.drawn_by", lambda *_: small)
    with pytest.raises(EngineFailed, match="drew 32x16 where 32x32 was asked for"):
        Trial(generator=DiffusersGenerator(form_of("sd1"))).draw(1)


def test_an_unknown_option_is_refused(form_of):
    with pytest.raises(ModelFormInvalid, match="unknown option 'presicion'"):
        DiffusersGenerator(form_of("sd1", options={"presicion": "fp16"}))


@pytest.mark.parametrize("option", [{"dtype": "int4"}, {"device": "abacus"}, {"offload": "moon"}])
def test_an_option_that_is_not_allowed_is_refused(form_of, option):
    with pytest.raises(ModelFormInvalid, match="allowed is one of"):
        Trial(generator=DiffusersGenerator(form_of("sd1", options=option))).draw(1)


@pytest.mark.parametrize("option", [{"slicing": "all"}, {"offload": "group", "device": "cpu"}])
def test_what_saves_memory_draws_the_same(form_of, generator_of, option):
    saving = DiffusersGenerator(form_of("sd1", options=option))
    (plain,), (saved,) = (Trial(generator=one).draw(1) for one in (generator_of("sd1"), saving))
    difference = np.abs(plain.image_HWC.astype(int) - saved.image_HWC)
    assert difference.max() <= 1


def test_half_precision_is_told(form_of):
    generator = DiffusersGenerator(form_of("sd1", options={"dtype": "bfloat16"}))
    (drawn,) = Trial(generator=generator).draw(1)
    assert drawn.execution.precision == "bfloat16"


def test_requests_for_several_pictures_share_a_pass(form_of):
    trial = Trial(generator=DiffusersGenerator(form_of("sd1", options={"batch_size": 4})))
    drawn = trial.draw(1, 2, 3, sketch=trial.sketch(is_deterministic=False))
    assert [one.execution.batch_size for one in drawn] == [3, 3, 3]


def test_an_autoencoder_of_another_kind_has_no_previews_and_draws(form_of, generator_of):
    class AutoencoderOfAnotherKind(diffusers.AutoencoderKL):
        pass

    engine = DiffusersGenerator(form_of("sd1"))
    engine._pipeline.vae.__class__ = AutoencoderOfAnotherKind
    told = []
    (drawn,) = Trial(generator=engine).draw(1, on_step=told.append)
    (usual,) = Trial(generator=generator_of("sd1")).draw(1)
    assert [one.read_preview for one in told] == [None] * len(told)
    assert np.array_equal(drawn.image_HWC, usual.image_HWC)
