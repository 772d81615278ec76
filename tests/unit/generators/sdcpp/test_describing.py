import pickle
import struct
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_checkpoint import tensor_header

from limner.core.errors import BadInput, ModelFormInvalid, WeightsRefused
from limner.core.forms import AdapterForm
from limner.core.models import Licence
from limner.core.ports import Ability, AdapterKind, FloatSpan
from limner.core.records import Size
from limner.generators.sdcpp.describing import describe
from limner.generators.sdcpp.generator import SdcppGenerator
from limner.generators.sdcpp.gguf import require_whole_gguf

LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")


def gguf(path, *names):
    """A whole GGUF file with these tensors, each of 32 values in 8 bits."""
    path.write_bytes(gguf_bytes(names or ("x",)))
    return path


def gguf_bytes(names):
    said = struct.pack("<4sIQQ", b"GGUF", 3, len(names), 3)
    said += text("general.architecture") + struct.pack("<I", 8) + text("sd")
    said += text("general.alignment") + struct.pack("<II", 4, 64)
    said += text("of.each") + struct.pack("<IIQ", 9, 5, 2) + bytes(8)
    for number, name in enumerate(names):
        said += text(name) + struct.pack("<IQIQ", 1, 32, 8, 64 * number)
    return said + bytes(-len(said) % 64) + bytes(64 * len(names))


def text(words):
    return struct.pack("<Q", len(words)) + words.encode()


def safetensors(path, *names):
    path.write_bytes(tensor_header([(name, (1,)) for name in names]) + bytes(2 * len(names)))
    return path


@pytest.mark.parametrize("write", [gguf, safetensors])
@pytest.mark.parametrize(
    ("tensor", "canvas", "argument", "is_negative"),
    [
        ("model.diffusion_model.input_blocks.0.0.weight", Size(512, 512), "cfg_scale", True),
        ("model.diffusion_model.label_emb.0.0.weight", Size(1024, 1024), "cfg_scale", True),
        ("model.diffusion_model.joint_blocks.0.x", Size(1024, 1024), "cfg_scale", True),
        ("double_blocks.0.img_attn.qkv.weight", Size(1024, 1024), "guidance", False),
    ],
)
def test_the_family_is_told_by_its_tensors(tmp_path, write, tensor, canvas, argument, is_negative):
    suffix = ".gguf" if write is gguf else ".safetensors"
    form = describe("m", write(tmp_path / f"m{suffix}", tensor), LICENCE)
    assert form.canvases[0] == canvas
    assert form.options["guidance_argument"] == argument
    assert (Ability.NEGATIVE in form.abilities) is is_negative


def test_a_model_in_parts_names_each(tmp_path):
    gguf(tmp_path / "flux.gguf", "double_blocks.0")
    safetensors(tmp_path / "ae.safetensors", "decoder.conv_in.weight")
    options = {"diffusion_model": "flux.gguf", "vae": "ae.safetensors"}
    form = describe("flux", tmp_path, LICENCE, options=options)
    assert form.files.keys() == {"flux.gguf", "ae.safetensors"}
    assert form.options["guidance_argument"] == "guidance"


def test_a_folder_whose_parts_are_not_named_is_refused(tmp_path):
    gguf(tmp_path / "flux.gguf")
    with pytest.raises(ModelFormInvalid, match="no option says which file draws"):
        describe("flux", tmp_path, LICENCE)


def test_a_part_that_is_not_there_is_refused(tmp_path):
    gguf(tmp_path / "flux.gguf")
    options = {"diffusion_model": "flux.gguf", "vae": "no"}
    with pytest.raises(ModelFormInvalid, match="The option 'vae' of the model 'flux' is 'no'"):
        describe("flux", tmp_path, LICENCE, options=options)


@pytest.mark.parametrize("name", ["m.gguf", "m.safetensors", "m.ckpt"])
def test_a_pickle_is_refused_whatever_it_is_called(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps({"w": [1.0]}))
    with pytest.raises(WeightsRefused):
        describe("m", tmp_path / name, LICENCE)


def test_a_web_page_under_the_name_of_a_model_is_refused(tmp_path):
    (tmp_path / "m.gguf").write_text("<html>Sign in</html>")
    with pytest.raises(WeightsRefused, match="neither safetensors nor GGUF"):
        describe("m", tmp_path / "m.gguf", LICENCE)


@pytest.mark.parametrize("num_bytes", [5, 30, 80, 140, 190])
def test_half_a_download_is_refused(tmp_path, num_bytes):
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes(["unet"])[:num_bytes])
    with pytest.raises(WeightsRefused, match=r"'m\.gguf'"):
        describe("m", path, LICENCE)


def gguf_with(*, alignment=32, num_tensors=1):
    said = struct.pack("<4sIQQ", b"GGUF", 3, num_tensors, 1)
    said += text("general.alignment") + struct.pack("<II", 4, alignment)
    return said + text("unet") + struct.pack("<IQIQ", 1, 32, 8, 0) + bytes(200)


@pytest.mark.parametrize("changes", [{"num_tensors": 0}, {"alignment": 0}])
def test_a_file_without_tensors_or_alignment_is_refused(tmp_path, changes):
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_with())
    require_whole_gguf(path)
    path.write_bytes(gguf_with(**changes))
    with pytest.raises(WeightsRefused, match="is no model as GGUF"):
        require_whole_gguf(path)


@given(noise=st.binary(max_size=200))
def test_noise_after_the_magic_is_refused_or_read(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("noise") / "m.gguf"
    path.write_bytes(b"GGUF" + noise)
    with suppress(WeightsRefused):
        require_whole_gguf(path)


def test_an_unknown_option_is_refused(tmp_path):
    form = describe("m", gguf(tmp_path / "m.gguf"), LICENCE, options={"dtype": "f32"})
    with pytest.raises(ModelFormInvalid, match="unknown option 'dtype'"):
        SdcppGenerator(form)


def test_adapters_are_refused(tmp_path):
    form = describe("m", gguf(tmp_path / "m.gguf"), LICENCE)
    ink = AdapterForm(kind=AdapterKind.LORA, location="i", files={}, weight=FloatSpan(-2, 2, 1))
    with pytest.raises(BadInput, match="its engine puts none on"):
        SdcppGenerator(replace(form, adapters={"ink": ink}))
