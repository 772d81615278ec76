import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

REASON = "the diffusers engine's libraries are not installed: pip install 'limner[diffusers]'"
diffusers = pytest.importorskip("diffusers", reason=REASON, exc_type=ImportError)
pytest.importorskip("peft", reason=REASON, exc_type=ImportError)

import tiny_pipelines  # noqa: E402
import torch  # noqa: E402
from peft import LoraConfig  # noqa: E402
from peft.utils import get_peft_model_state_dict  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from single_files import save_single_file  # noqa: E402

from limner.core.drawing import FittedAdapter  # noqa: E402
from limner.core.errors import BadInput, GeneratorUnavailable, WeightsRefused  # noqa: E402
from limner.core.forms import AdapterForm  # noqa: E402
from limner.core.ports import AdapterKind, FloatSpan  # noqa: E402
from limner.core.records import DRAWING, Operation  # noqa: E402
from limner.generators.conformance import Trial  # noqa: E402
from limner.generators.diffusers.describing import describe  # noqa: E402
from limner.generators.diffusers.generator import DiffusersGenerator  # noqa: E402
from limner.generators.diffusers.loading import load_pipeline, place  # noqa: E402
from limner.generators.weight_files import hash_files, read_safetensors_header  # noqa: E402


@pytest.fixture
def copy_of(folder_of, tmp_path):
    def make(family):
        return shutil.copytree(folder_of(family), tmp_path / family)

    return make


def loaded(form):
    return Trial(generator=DiffusersGenerator(form)).draw(1)


def adapter(kind, location):
    return AdapterForm(
        kind=kind,
        location=str(location),
        files=hash_files(location),
        weight=FloatSpan(-2, 2, 1),
    )


def fitted(name, weight=1.0, image_HWC=None):
    return FittedAdapter(name=name, weight=weight, sha256="sha256:a", image_HWC=image_HWC)


@pytest.fixture(scope="module")
def lora_of(folder_of, tmp_path_factory):
    """A LoRA with random weights for a family, in the layout diffusers saves."""

    def make(family, seed=0):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(folder_of(family))
        network = pipeline.components.get("unet") or pipeline.transformer
        torch.manual_seed(seed)
        targets = ["to_q", "to_k", "to_v", "to_out.0"]
        network.add_adapter(
            LoraConfig(r=2, lora_alpha=2, target_modules=targets, init_lora_weights=False)
        )
        layers = get_peft_model_state_dict(network)
        folder = tmp_path_factory.mktemp("lora")
        part = "unet" if "unet" in pipeline.components else "transformer"
        pipeline.save_lora_weights(folder, **{f"{part}_lora_layers": layers})
        return folder / "pytorch_lora_weights.safetensors"

    return make


def lora_trial(form_of, family, **paths):
    adapters = {name: adapter(AdapterKind.LORA, path) for name, path in paths.items()}
    return Trial(generator=DiffusersGenerator(form_of(family, adapters=adapters)))


@pytest.mark.parametrize("family", ["sd1", "sdxl", "sd3", "flux", "qwen", "z-image"])
def test_a_lora_changes_the_picture_and_leaves_no_trace(form_of, lora_of, family):
    trial = lora_trial(form_of, family, ink=lora_of(family))
    (before,) = trial.draw(1)
    (inked,) = trial.draw(1, sketch=trial.sketch(adapters=(fitted("ink"),)))
    (after,) = trial.draw(1)
    assert not np.array_equal(before.image_HWC, inked.image_HWC)
    assert np.array_equal(before.image_HWC, after.image_HWC)


def test_several_loras_are_weighted(form_of, lora_of):
    trial = lora_trial(form_of, "sd1", ink=lora_of("sd1"), oil=lora_of("sd1", seed=1))

    def draw(*weights):
        adapters = tuple(map(fitted, ("ink", "oil"), weights))
        return trial.draw(1, sketch=trial.sketch(adapters=adapters))[0].image_HWC

    both = draw(1.0, 1.0)
    assert not np.array_equal(both, draw(1.0, 0.2))
    assert np.array_equal(both, draw(1.0, 1.0))


def test_a_lora_of_weight_0_changes_nothing(form_of, lora_of):
    trial = lora_trial(form_of, "sd1", ink=lora_of("sd1"))
    (off,) = trial.draw(1, sketch=trial.sketch(adapters=(fitted("ink", 0.0),)))
    assert np.array_equal(off.image_HWC, trial.draw(1)[0].image_HWC)


@pytest.mark.parametrize(("family", "other"), [("sd1", "sdxl"), ("sd3", "sd1"), ("sd1", "flux")])
def test_a_lora_of_another_architecture_is_refused(form_of, lora_of, family, other):
    trial = lora_trial(form_of, family, ink=lora_of(other))
    with pytest.raises(WeightsRefused, match="The lora 'ink' does not fit the model"):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("ink"),)))
    assert len(trial.draw(1)) == 1


def test_a_lora_is_refused_where_the_pipeline_takes_none(form_of, lora_of):
    trial = lora_trial(form_of, "pixart", ink=lora_of("sd1"))
    with pytest.raises(WeightsRefused, match="its pipeline, PixArtAlphaPipeline, takes none"):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("ink"),)))
    assert len(trial.draw(1)) == 1


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_lora_in_the_layout_of_kohya_is_the_same_lora(form_of, lora_of, tmp_path, family):
    path, ours = tmp_path / "kohya.safetensors", lora_of(family)
    save_file(as_kohya(load_file(ours)), path)
    trial = lora_trial(form_of, family, ink=ours, kohya=path)
    first, second = (
        trial.draw(1, sketch=trial.sketch(adapters=(fitted(name),)))[0].image_HWC
        for name in ("ink", "kohya")
    )
    assert np.abs(first.astype(int) - second).max() <= 1
    assert not np.array_equal(first, trial.draw(1)[0].image_HWC)


def as_kohya(tensors):
    """Tensors of a LoRA of rank 2 and alpha 2 under the names kohya's scripts give them."""
    found = {}
    for name, values in tensors.items():
        stem, side, _ = name.removeprefix("unet.").rsplit(".", 2)
        stem = f"lora_unet_{stem.replace('.', '_')}"
        found[f"{stem}.{'lora_down' if side == 'lora_A' else 'lora_up'}.weight"] = values
        found[f"{stem}.alpha"] = torch.tensor(2.0)
    return found


def test_a_lora_that_was_changed_is_refused(form_of, lora_of, tmp_path):
    path = shutil.copy(lora_of("sd1"), tmp_path / "ink.safetensors")
    trial = lora_trial(form_of, "sd1", ink=path)
    save_file({"x": torch.ones(1)}, path)
    with pytest.raises(WeightsRefused, match="its form says"):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("ink"),)))


def test_an_embedding_is_read_where_its_word_stands(form_of, tmp_path):
    path = tmp_path / "mood.safetensors"
    save_file({"emb_params": torch.randn(2, 32, generator=torch.manual_seed(0)) * 9}, path)
    form = form_of("sd1", adapters={"mood": adapter(AdapterKind.EMBEDDING, path)})
    trial = Trial(generator=DiffusersGenerator(form), prompt="a <mood> fox")
    (without,) = trial.draw(1)
    (drawn,) = trial.draw(1, sketch=trial.sketch(adapters=(fitted("mood"),)))
    assert not np.array_equal(without.image_HWC, drawn.image_HWC)
    assert np.array_equal(trial.draw(1)[0].image_HWC, without.image_HWC)


def test_an_embedding_whose_word_is_missing_is_refused(form_of, tmp_path):
    path = tmp_path / "mood.safetensors"
    save_file({"emb_params": torch.ones(1, 32)}, path)
    form = form_of("sd1", adapters={"mood": adapter(AdapterKind.EMBEDDING, path)})
    trial = Trial(generator=DiffusersGenerator(form))
    with pytest.raises(BadInput, match="the word '<mood>' is not in the prompt"):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("mood"),)))


def test_both_halves_of_an_embedding_are_put_on_and_taken_off(form_of, tmp_path):
    path, rng = tmp_path / "mood.safetensors", torch.Generator().manual_seed(0)
    halves = {"clip_l": (2, 24), "clip_g": (2, 40)}
    save_file({half: torch.randn(*size, generator=rng) * 9 for half, size in halves.items()}, path)
    form = form_of("sdxl", adapters={"mood": adapter(AdapterKind.EMBEDDING, path)})
    generator = DiffusersGenerator(form)
    trial = Trial(generator=generator, prompt="a <mood> fox")
    (without,) = trial.draw(1)
    (drawn,) = trial.draw(1, sketch=trial.sketch(adapters=(fitted("mood"),)))
    pipeline = generator._pipeline
    for tokenizer in (pipeline.tokenizer, pipeline.tokenizer_2):
        assert {"<mood>", "<mood>_1"} <= set(tokenizer.get_vocab())
    assert not np.array_equal(without.image_HWC, drawn.image_HWC)
    assert np.array_equal(trial.draw(1)[0].image_HWC, without.image_HWC)


@pytest.mark.parametrize(
    ("family", "tensors"),
    [
        ("sdxl", {"emb_params": 24}),
        ("sdxl", {"clip_l": 24, "clip_g": 32}),
        ("sd1", {"clip_l": 24, "clip_g": 40}),
        ("sd1", {"emb_params": 24}),
        ("sd3", {"clip_l": 24, "clip_g": 40}),
        ("pixart", {"emb_params": 32}),
    ],
)
def test_an_embedding_of_another_architecture_is_refused(form_of, tmp_path, family, tensors):
    path = tmp_path / "mood.safetensors"
    save_file({name: torch.ones(2, width) for name, width in tensors.items()}, path)
    form = form_of(family, adapters={"mood": adapter(AdapterKind.EMBEDDING, path)})
    trial = Trial(generator=DiffusersGenerator(form), prompt="a <mood> fox")
    (before,) = trial.draw(1)
    with pytest.raises(WeightsRefused, match="The embedding 'mood' does not fit the model"):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("mood"),)))
    assert np.array_equal(before.image_HWC, trial.draw(1)[0].image_HWC)


def controlnet_of(folder_of, family, folder):
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder_of(family))
    tiny_pipelines.controlnet(pipeline).save_pretrained(folder)
    return adapter(AdapterKind.CONTROLNET, folder)


@pytest.fixture(scope="module")
def edges(folder_of, tmp_path_factory):
    return controlnet_of(folder_of, "sd1", tmp_path_factory.mktemp("edges"))


def half_black():
    image_HWC = np.full((32, 32, 4), 255, np.uint8)
    image_HWC[:, :16, :3] = 0
    return image_HWC


@pytest.mark.parametrize("family", ["sdxl", "flux", "sd3-deep"])
def test_a_controlnet_of_each_family_changes_the_picture(form_of, folder_of, tmp_path, family):
    edges = controlnet_of(folder_of, family, tmp_path)
    trial = Trial(generator=DiffusersGenerator(form_of(family, adapters={"edges": edges})))
    sketch = trial.sketch(adapters=(fitted("edges", 1.0, half_black()),))
    (plain,), (steered,) = trial.draw(1), trial.draw(1, sketch=sketch)
    assert not np.array_equal(plain.image_HWC, steered.image_HWC)


@pytest.mark.parametrize(
    ("family", "other", "told"),
    [
        ("sd1", "sdxl", "its addition_embed_type is 'text_time', the model's None"),
        ("sdxl", "sd1", "its addition_embed_type is None, the model's 'text_time'"),
        ("sd1", "flux", "it is a FluxControlNetModel, and the model draws by a UNet2DCondition"),
        ("flux", "sd3", "it is a SD3ControlNetModel, and the model draws by a FluxTransformer2D"),
        ("pixart", "sd1", "it is a ControlNetModel, and the model draws by a PixArtTransformer2D"),
    ],
)
def test_a_controlnet_of_another_architecture_is_refused(
    form_of, folder_of, tmp_path, family, other, told
):
    edges = controlnet_of(folder_of, other, tmp_path)
    trial = Trial(generator=DiffusersGenerator(form_of(family, adapters={"edges": edges})))
    with pytest.raises(WeightsRefused, match=f"The controlnet 'edges' does not fit .*: {told}"):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("edges", 1.0, half_black()),)))
    assert len(trial.draw(1)) == 1


@pytest.mark.parametrize("operation", sorted(DRAWING))
def test_a_controlnet_goes_by_its_picture(form_of, edges, operation):
    trial = Trial(generator=DiffusersGenerator(form_of("sd1", adapters={"edges": edges})))
    grey = np.full((32, 32, 4), 255, np.uint8)
    half = grey.copy()
    half[:, :16, :3] = 0
    given = {} if operation is Operation.TEXT else {"source_HWC": grey, "strength": 0.9}
    if operation is Operation.MASK:
        given["mask_HW"] = np.full((32, 32), 255, np.uint8)

    def draw(*adapters):
        sketch = trial.sketch(operation=operation, adapters=adapters, **given)
        return trial.draw(1, sketch=sketch)[0].image_HWC

    by_half = draw(fitted("edges", 1.0, half))
    assert not np.array_equal(by_half, draw())
    assert not np.array_equal(by_half, draw(fitted("edges", 1.0, grey)))


def test_two_controlnets_go_together(form_of, edges):
    form = form_of("sd1", adapters={"edges": edges, "more": edges})
    trial = Trial(generator=DiffusersGenerator(form))
    half = np.full((32, 32, 4), 255, np.uint8)
    half[:, :16, :3] = 0
    both = trial.sketch(adapters=(fitted("edges", 1.0, half), fitted("more", 0.5, half)))
    assert len(trial.draw(1, sketch=both)) == 1


def test_a_single_file_without_settings_is_refused(tmp_path, form_of):
    path = tmp_path / "model.safetensors"
    save_file({"x": torch.ones(1)}, path)
    with pytest.raises(WeightsRefused, match="is a single file") as caught:
        form_of("sd1", location=path)
    assert "'config'" in caught.value.hint


def test_a_folder_without_an_index_is_refused(tmp_path, form_of):
    with pytest.raises(WeightsRefused, match=r"has no model_index\.json"):
        form_of("sd1", location=tmp_path)


def test_a_pickle_among_the_weights_is_refused(copy_of, form_of):
    folder = copy_of("sd1")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(pickle.dumps({"w": [1.0]}))
    with pytest.raises(WeightsRefused, match="pickle"):
        form_of("sd1", location=folder)


@pytest.mark.parametrize(
    ("part", "said", "sentence"),
    [
        ("_class_name", "WonderPipeline", "a class that diffusers"),
        ("unet", ["my_code", "Unet"], "allowed are classes of diffusers and transformers"),
        ("unet", ["diffusers", "NoSuchModel"], "cannot be loaded as StableDiffusionPipeline"),
    ],
)
def test_a_class_that_is_not_the_libraries_own_is_refused(copy_of, form_of, part, said, sentence):
    folder = copy_of("sd1")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, part: said}))
    with pytest.raises(WeightsRefused, match=sentence):
        loaded(form_of("sd1", location=folder))


def test_a_missing_part_is_refused(copy_of, form_of):
    folder = copy_of("sd1")
    shutil.rmtree(folder / "vae")
    with pytest.raises(WeightsRefused, match="cannot be loaded"):
        loaded(form_of("sd1", location=folder))


def test_describing_needs_none_of_the_libraries(folder_of):
    from limner.core.models import Licence

    form = describe("tiny", folder_of("flux"), Licence(expression="x", source="y", reviewer=""))
    assert (form.max_prompt_tokens, form.samplers[1]) == (511, "flow-euler")


def ip_adapter(folder, family, folder_of, width=32):
    """An IP-Adapter with random weights in the official layout, its image encoder beside it."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder_of(family))
    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, projection_dim=16, num_hidden_layers=1,
        num_attention_heads=2, image_size=32, patch_size=8,
    )  # fmt: skip
    CLIPVisionModelWithProjection(config).save_pretrained(folder / "image_encoder")
    tensors = {
        "image_proj.proj.weight": torch.randn(4 * width, 16),
        "image_proj.proj.bias": torch.randn(4 * width),
        "image_proj.norm.weight": torch.ones(width),
        "image_proj.norm.bias": torch.zeros(width),
    }
    if family == "flux":
        tensors |= flux_picture_tensors(pipeline.transformer, width)
    else:
        tensors |= picture_tensors(pipeline.unet, width)
    save_file(tensors, folder / "ip-adapter.safetensors")
    return adapter(AdapterKind.IP_ADAPTER, folder)


def picture_tensors(network, width):
    """Of every attention to words."""
    tensors = {}
    cross = [name for name in network.attn_processors if "attn2" in name]
    for number, name in enumerate(cross):
        place = dict(network.named_modules())[name.removesuffix(".processor")]
        for part in ("to_k_ip", "to_v_ip"):
            shape = (place.to_k.out_features, width)
            tensors[f"ip_adapter.{2 * number + 1}.{part}.weight"] = torch.randn(shape)
    return tensors


def flux_picture_tensors(network, width):
    """Of every block of two streams, as the makers of Flux's IP-Adapters name them."""
    tensors = {}
    for number, block in enumerate(network.transformer_blocks):
        for part in "kv":
            stem = f"double_blocks.{number}.processor.ip_adapter_double_stream_{part}_proj"
            tensors[f"{stem}.weight"] = torch.randn(block.attn.to_k.out_features, width)
            tensors[f"{stem}.bias"] = torch.randn(block.attn.to_k.out_features)
    return tensors


@pytest.mark.parametrize(("family", "width"), [("sd1", 32), ("sdxl", 64), ("flux", 32)])
def test_an_ip_adapter_goes_by_its_picture_and_leaves_no_trace(
    form_of, folder_of, tmp_path, family, width
):
    form = form_of(family, adapters={"look": ip_adapter(tmp_path, family, folder_of, width)})
    trial = Trial(generator=DiffusersGenerator(form))
    white = np.full((32, 32, 4), 255, np.uint8)
    half = white.copy()
    half[:, :16, :3] = 0

    def draw(*adapters):
        return trial.draw(1, sketch=trial.sketch(adapters=adapters))[0].image_HWC

    before = draw()
    by_half = draw(fitted("look", 1.0, half))
    assert not np.array_equal(by_half, before)
    assert not np.array_equal(by_half, draw(fitted("look", 1.0, white)))
    assert not np.array_equal(by_half, draw(fitted("look", 0.3, half)))
    assert np.array_equal(by_half, draw(fitted("look", 1.0, half)))
    assert np.array_equal(before, draw())


def test_an_ip_adapter_of_another_architecture_is_refused(form_of, folder_of, tmp_path):
    form = form_of("sd1", adapters={"look": ip_adapter(tmp_path, "sdxl", folder_of, 64)})
    trial = Trial(generator=DiffusersGenerator(form))
    picture = np.full((32, 32, 4), 255, np.uint8)
    with pytest.raises(WeightsRefused, match="The ip-adapter 'look' does not fit the model"):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("look", 1.0, picture),)))
    assert len(trial.draw(1)) == 1


@pytest.mark.parametrize(
    ("family", "told"),
    [
        ("flux", "does not fit the model 'flux'"),
        ("sd3", "does not fit the model 'sd3'"),
        ("pixart", "its pipeline, PixArtAlphaPipeline, takes none"),
        ("qwen", "its pipeline, QwenImagePipeline, takes none"),
    ],
)
def test_an_ip_adapter_of_stable_diffusion_is_refused_elsewhere(
    form_of, folder_of, tmp_path, family, told
):
    form = form_of(family, adapters={"look": ip_adapter(tmp_path, "sd1", folder_of)})
    trial = Trial(generator=DiffusersGenerator(form))
    picture = np.full((32, 32, 4), 255, np.uint8)
    with pytest.raises(WeightsRefused, match=told):
        trial.draw(1, sketch=trial.sketch(adapters=(fitted("look", 1.0, picture),)))
    assert len(trial.draw(1)) == 1


def test_two_ip_adapters_at_once_are_refused(form_of, folder_of, tmp_path):
    look = ip_adapter(tmp_path, "sd1", folder_of)
    form = form_of("sd1", adapters={"look": look, "mood": look})
    trial = Trial(generator=DiffusersGenerator(form))
    picture = np.full((32, 32, 4), 255, np.uint8)
    both = tuple(fitted(name, 1.0, picture) for name in ("look", "mood"))
    with pytest.raises(BadInput, match="The IP-Adapters look, mood are asked for"):
        trial.draw(1, sketch=trial.sketch(adapters=both))


WEIGHTS_BESIDE = {
    "flux": ("transformer",),
    "wide-flux": ("transformer",),
    "z-image": ("transformer",),
    "qwen": ("transformer",),
}  # the parts of the single file, else all


@pytest.fixture
def single_file_of(folder_of, form_of, tmp_path):
    """A family's pipeline as a single file, with a folder of what it lacks, and its form."""

    def make(family):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(folder_of(family))
        path = save_single_file(pipeline, tmp_path / "model.safetensors")
        config = shutil.copytree(folder_of(family), tmp_path / "config")
        for part in WEIGHTS_BESIDE.get(family, [one.name for one in config.iterdir()]):
            for weights in (config / part).glob("*.safetensors"):
                weights.unlink()
        return form_of(family, location=path, options={"config": str(config)})

    return make


@pytest.mark.parametrize("family", ["sd1", "sdxl", "sd3", "flux", "z-image", "qwen"])
def test_a_single_file_draws_what_its_folder_draws_and_calls_nobody(
    form_of, single_file_of, monkeypatch, family
):
    form = single_file_of(family)
    (from_folder,) = loaded(form_of(family))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it called somebody"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("it called somebody"))
    (from_file,) = loaded(form)
    assert np.array_equal(from_file.image_HWC, from_folder.image_HWC)


def test_flux_is_read_by_the_names_of_its_authors(form_of, single_file_of, monkeypatch):
    """At its true width, the only one that has them; half a billion values, so none is drawn."""
    monkeypatch.setitem(tiny_pipelines.FAMILIES, "wide-flux", tiny_pipelines.wide_flux)
    form = single_file_of("wide-flux")
    assert "double_blocks.0.img_attn.qkv.weight" in read_safetensors_header(form.path)
    form = replace(form, options={**form.options, "dtype": "bfloat16"})
    found = load_pipeline(form).transformer.state_dict()
    folder = replace(form_of("wide-flux"), options={"dtype": "bfloat16"})
    expected = load_pipeline(folder).transformer.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(values, found[name]) for name, values in expected.items())


def test_a_single_file_of_a_family_the_library_reads_none_of_is_refused(
    form_of, folder_of, tmp_path
):
    path = tmp_path / "model.safetensors"
    save_file({"x": torch.ones(1)}, path)
    form = form_of("pixart", location=path, options={"config": str(folder_of("pixart"))})
    with pytest.raises(WeightsRefused, match="reads none of a PixArtAlphaPipeline"):
        loaded(form)


def test_the_settings_of_a_single_file_are_part_of_its_form(single_file_of):
    form = single_file_of("sd1")
    assert {"model.safetensors", "config/model_index.json"} <= set(form.files)
    settings = Path(form.text("config")) / "scheduler" / "scheduler_config.json"
    settings.write_text(settings.read_text().replace("0.012", "0.02"))
    with pytest.raises(WeightsRefused, match="has the hash"):
        loaded(form)


def test_a_single_file_is_loaded_in_the_precision_that_is_asked(form_of, single_file_of):
    form = single_file_of("flux")
    form = replace(form, options={**form.options, "dtype": "bfloat16"})
    pipeline = load_pipeline(form)
    kinds = {one.dtype for one in pipeline.components.values() if hasattr(one, "dtype")}
    assert kinds == {torch.bfloat16}


def test_a_part_that_neither_file_nor_folder_has_is_named(single_file_of, form_of):
    form = single_file_of("flux")
    (Path(form.text("config")) / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    form = form_of("flux", location=form.path, options=dict(form.options))
    with pytest.raises(WeightsRefused, match="lacks the part 'vae'"):
        loaded(form)


def test_a_pickle_among_the_settings_of_a_single_file_is_refused(single_file_of, form_of):
    form = single_file_of("sd1")
    config = Path(form.text("config"))
    (config / "text_encoder" / "pytorch_model.bin").write_bytes(pickle.dumps({"w": [1.0]}))
    with pytest.raises(WeightsRefused, match="pickle"):
        form_of("sd1", location=form.path, options=dict(form.options))


def test_settings_that_are_no_folder_here_are_refused_with_the_way_to_fetch_them(tmp_path, form_of):
    path = tmp_path / "model.safetensors"
    save_file({"x": torch.ones(1)}, path)
    with pytest.raises(WeightsRefused, match="no folder here") as caught:
        form_of("sd1", location=path, options={"config": "stabilityai/sdxl-base-1.0"})
    assert "hf download" in caught.value.hint


@pytest.fixture
def cuda(monkeypatch):
    """A machine with a graphics card, as far as torch says so."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)


@pytest.mark.parametrize(
    ("options", "method", "given"),
    [
        ({"offload": "model"}, "enable_model_cpu_offload", {"device": "cuda"}),
        ({"offload": "sequential"}, "enable_sequential_cpu_offload", {"device": "cuda"}),
        (
            {"offload": "group"},
            "enable_group_offload",
            {"onload_device": torch.device("cuda"), "offload_type": "leaf_level"},
        ),
        ({"slicing": "attention", "device": "cpu"}, "enable_attention_slicing", {}),
    ],
)
def test_what_saves_memory_reaches_the_pipeline_as_it_takes_it(
    form_of, folder_of, cuda, options, method, given
):
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder_of("sd1"))
    with patch.object(pipeline, method, autospec=True) as called:  # refuses what is no parameter
        place(pipeline, form_of("sd1", options=options))
    called.assert_called_once_with(**given)


@pytest.mark.parametrize("offload", ["model", "sequential"])
def test_offloading_to_no_graphics_card_is_refused_in_one_sentence(form_of, offload):
    with pytest.raises(GeneratorUnavailable, match=f"'offload' is '{offload}'.*none is found"):
        loaded(form_of("sd1", options={"offload": offload, "device": "cpu"}))


def test_a_device_that_is_not_here_is_refused_in_one_sentence(form_of, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(GeneratorUnavailable, match=r"'device' is 'cuda'.*finds cpu\."):
        loaded(form_of("sd1", options={"device": "cuda"}))


@pytest.mark.parametrize("name", ["StableDiffusionPanoramaPipeline", "StableDiffusionSAGPipeline"])
def test_a_pipeline_without_siblings_draws_from_text(copy_of, form_of, name):
    folder = copy_of("sd1")
    index = json.loads((folder / "model_index.json").read_text())
    index |= {"_class_name": name, "scheduler": ["diffusers", "DDIMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    trial = Trial(generator=DiffusersGenerator(form_of("sd1", location=folder)))
    (first,), (again,) = trial.draw(1), trial.draw(1)
    assert np.array_equal(first.image_HWC, again.image_HWC)


def test_the_scheduler_of_one_request_is_not_that_of_the_next(form_of):
    trial = Trial(generator=DiffusersGenerator(form_of("sd1")))
    (before,) = trial.draw(1)
    (other,) = trial.draw(1, sketch=trial.sketch(sampler="euler"))
    (after,) = trial.draw(1)
    assert not np.array_equal(before.image_HWC, other.image_HWC)
    assert np.array_equal(before.image_HWC, after.image_HWC)
