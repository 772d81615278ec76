"""What a form says of a model, by files that hold nothing but settings."""

import json

import pytest

from limner.core.models import Licence
from limner.core.records import DRAWING, Operation
from limner.generators.diffusers.describing import describe, read_family

LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")
TEXT, IMAGE, MASK = Operation.TEXT, Operation.IMAGE, Operation.MASK


@pytest.fixture
def folder_with(tmp_path):
    """A folder of a pipeline's class and the settings of its parts."""

    def make(class_name, index=(), **parts):
        said = {"_class_name": class_name, **dict(index)}
        (tmp_path / "model_index.json").write_text(json.dumps(said))
        for part, settings in parts.items():
            (tmp_path / part).mkdir()
            (tmp_path / part / "config.json").write_text(json.dumps(settings))
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("class_name", "operations"),
    [
        ("StableDiffusionPipeline", DRAWING),
        ("StableDiffusionImg2ImgPipeline", DRAWING),
        ("StableDiffusionXLImg2ImgPipeline", DRAWING),
        ("StableDiffusionXLInpaintPipeline", DRAWING),
        ("StableDiffusion3Img2ImgPipeline", DRAWING),
        ("FluxInpaintPipeline", DRAWING),
        ("FluxFillPipeline", {MASK}),
        ("FluxKontextPipeline", {TEXT, IMAGE}),
        ("QwenImageImg2ImgPipeline", DRAWING),
        ("QwenImageEditPipeline", {IMAGE}),
        ("QwenImageEditPlusPipeline", {IMAGE}),
        ("QwenImageEditInpaintPipeline", {MASK}),
        ("ZImagePipeline", {TEXT, IMAGE, MASK}),
        ("ZImageImg2ImgPipeline", {TEXT, IMAGE, MASK}),
        ("WonderImg2ImgPipeline", {IMAGE}),
        ("WonderInpaintPipeline", {MASK}),
        ("WonderPipeline", {TEXT}),
    ],
)
def test_a_class_says_what_is_drawn_from(folder_with, class_name, operations):
    assert describe("m", folder_with(class_name), LICENCE).operations == operations


@pytest.mark.parametrize("class_name", ["StableDiffusionPipeline", "StableDiffusionXLPipeline"])
def test_a_network_that_reads_a_mask_draws_into_masks_only(folder_with, class_name):
    folder = folder_with(class_name, unet={"in_channels": 9, "out_channels": 4})
    assert describe("m", folder, LICENCE).operations == {MASK}


def test_a_refiner_needs_a_picture(folder_with):
    index = {"requires_aesthetics_score": True}
    folder = folder_with("StableDiffusionXLImg2ImgPipeline", index)
    assert describe("m", folder, LICENCE).operations == {IMAGE, MASK}


def test_a_picture_that_is_edited_takes_no_strength(folder_with):
    form = describe("m", folder_with("QwenImageEditPipeline"), LICENCE)
    assert form.strength == (1.0, 1.0, 1.0)
    assert form.options["guidance_argument"] == "true_cfg_scale"
    assert "negative" in form.abilities


@pytest.mark.parametrize(("reads", "span"), [(True, (0.0, 30.0, 3.5)), (False, (0.0, 0.0, 0.0))])
def test_a_flux_that_reads_no_guidance_is_offered_none(folder_with, reads, span):
    folder = folder_with("FluxPipeline", transformer={"guidance_embeds": reads})
    assert describe("m", folder, LICENCE).guidance == span


@pytest.mark.parametrize(
    ("class_name", "parts"),
    [
        ("FluxPipeline", {}),
        ("StableDiffusionPipeline", {"unet": {"time_cond_proj_dim": 256}}),
    ],
)
def test_a_model_that_draws_no_second_row_is_offered_no_negative_prompt(
    folder_with, class_name, parts
):
    form = describe("m", folder_with(class_name, **parts), LICENCE)
    assert "negative" not in form.abilities


FOUR_BLOCKS = {"block_out_channels": [128, 256, 512, 512]}


@pytest.mark.parametrize(
    ("class_name", "parts", "multiple"),
    [
        ("StableDiffusionPipeline", {"vae": FOUR_BLOCKS}, 8),
        ("StableDiffusion3Pipeline", {"vae": FOUR_BLOCKS, "transformer": {"patch_size": 2}}, 16),
        ("PixArtSigmaPipeline", {"vae": FOUR_BLOCKS, "transformer": {"patch_size": 2}}, 16),
        ("FluxPipeline", {"vae": FOUR_BLOCKS, "transformer": {"patch_size": 1}}, 16),
        ("QwenImagePipeline", {"vae": {"temperal_downsample": [False, True, True]}}, 16),
        ("ZImagePipeline", {"vae": FOUR_BLOCKS}, 16),
        ("SanaPipeline", {"vae": {"encoder_block_out_channels": [1] * 6}}, 32),
    ],
)
def test_sides_are_divisible_by_what_the_networks_squeeze(folder_with, class_name, parts, multiple):
    assert read_family(folder_with(class_name, **parts)).side_multiple == multiple


def test_settings_that_cannot_be_read_say_nothing(folder_with):
    folder = folder_with("StableDiffusionPipeline", unet={})
    (folder / "unet" / "config.json").write_text("{")
    assert describe("m", folder, LICENCE).operations == DRAWING
