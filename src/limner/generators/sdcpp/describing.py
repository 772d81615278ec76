"""The form of a model for stable-diffusion.cpp, from its files; imports no library of the engine.

What a family of models can honour is written here once; a person may change the form afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from limner.core.errors import ModelFormInvalid, WeightsRefused
from limner.core.forms import ModelForm
from limner.core.models import Licence
from limner.core.ports import Ability, FloatSpan, IntSpan
from limner.core.records import DRAWING, Size
from limner.generators.sdcpp.gguf import MAGIC, require_whole_gguf
from limner.generators.weight_files import SAFETENSORS, hash_files, list_files

ENGINE = "sdcpp"
SUFFIX = ".gguf"
HEAD_BYTES = 16_000_000  # more than the names of all tensors take, in either format
MAX_CHARACTERS = 2000
STEP_PX = 64  # what sides are divisible by, whatever the architecture

PARTS = ("diffusion_model", "model", "vae", "taesd", "clip_l", "clip_g", "t5xxl", "llm")
"""Options that name the file of a part, where a model comes in several."""

OPTIONS = frozenset({*PARTS, "guidance_argument", "num_threads"})

SAMPLERS: Mapping[str, str] = {
    "default": "default",
    "euler": "euler",
    "euler-a": "euler_a",
    "dpmpp-2m": "dpm++2m",
    "dpmpp-2m-v2": "dpm++2mv2",
    "ddim": "ddim_trailing",
    "ipndm": "ipndm",
    "lcm": "lcm",
    "tcd": "tcd",
}
"""Its samplers with one pass a step, by the names a request may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What models of one architecture have in common.

    Attributes:
        side_px: of the square they were trained on.
        steps, guidance: the usual ones.
        negative: whether a negative prompt is honoured.
        guidance_argument: what the library calls their guidance.
    """

    side_px: int = 1024
    steps: int = 20
    guidance: float = 7.0
    negative: bool = True
    guidance_argument: str = "cfg_scale"


FAMILIES: Mapping[bytes, Family] = {
    b"joint_blocks.": Family(steps=28, guidance=4.5),  # Stable Diffusion 3
    b"transformer_blocks.0.img_mod": Family(guidance=2.5),  # Qwen-Image
    b"cap_embedder.": Family(steps=9, guidance=1.0, negative=False),  # Z-Image
    b"double_blocks.": Family(guidance=3.5, negative=False, guidance_argument="guidance"),  # FLUX
    b"label_emb.": Family(guidance=6.0),  # Stable Diffusion XL
}
"""Families by what the names of their tensors hold, as the library itself tells them apart."""

STABLE_DIFFUSION = Family(side_px=512)


def describe(
    name: str, location: Path, licence: Licence, *, options: Mapping[str, object] | None = None
) -> ModelForm:
    """The form of the model at a location, every file hashed.

    Args:
        name: it shall have.
        location: a GGUF or safetensors file, or a folder of such; options then name its parts.
        licence: as whoever adds it read it.
        options: of the engine.

    Raises:
        WeightsRefused: there is no such file, or one is not opened.
        ModelFormInvalid: the parts in a folder are not named, or one named is not there.
    """
    given = dict(options or {})
    family = _family_of(_network_file(name, location, given))
    given.setdefault("guidance_argument", family.guidance_argument)
    side_px = family.side_px
    abilities = {Ability.SEED, *((Ability.NEGATIVE,) if family.negative else ())}
    return ModelForm(
        name=name,
        version="1",
        engine=ENGINE,
        location=str(location.absolute()),
        files=hash_files(location),
        licence=licence,
        canvases=tuple(Size(w, h) for w, h in _sides(side_px)),
        side_px=IntSpan(64, 4 * side_px, side_px),
        steps=IntSpan(1, 150, family.steps),
        guidance=FloatSpan(0.0, 30.0, family.guidance),
        samplers=tuple(SAMPLERS),
        strength=FloatSpan(0.01, 1.0, 0.6),
        max_prompt_tokens=MAX_CHARACTERS,
        operations=DRAWING,
        abilities=frozenset(abilities),
        options=given,
        canvas_step_px=STEP_PX,
    )


def require_format(path: Path) -> None:
    """Refuse a file that is neither safetensors nor GGUF by its content, or is not whole.

    Raises:
        WeightsRefused: names the file.
    """
    with path.open("rb") as file:
        is_gguf = file.read(len(MAGIC)) == MAGIC
    if path.suffix.lower() != SAFETENSORS and not is_gguf:
        raise WeightsRefused(
            f"The file {path.name!r} is neither safetensors nor GGUF; nothing else is opened.",
            hint="Keep other files out of the folder, or fetch it again.",
        )
    if is_gguf:
        require_whole_gguf(path)


def _sides(side_px: int) -> tuple[tuple[int, int], ...]:
    """Canvases in whole steps: square, and a quarter longer or shorter."""
    longer, shorter = side_px + side_px // 8, side_px - side_px // 8
    return (side_px, side_px), (longer, shorter), (shorter, longer)


def _network_file(name: str, location: Path, options: Mapping[str, object]) -> Path:
    """The file with the network that draws, after every file was seen to be one that is opened."""
    for path in list_files(location).values():
        require_format(path)
    if location.is_file():
        return location
    for part in PARTS:
        if part in options and not (location / str(options[part])).is_file():
            raise ModelFormInvalid(
                f"The option {part!r} of the model {name!r} is {options[part]!r}; allowed is a "
                f"file in {str(location)!r}.",
            )
    for part in ("diffusion_model", "model"):
        if part in options:
            return location / str(options[part])
    raise ModelFormInvalid(
        f"The model {name!r} is a folder, and no option says which file draws; allowed are "
        f"{', '.join(PARTS)}.",
        hint="--option diffusion_model=flux.gguf --option vae=ae.safetensors ...",
    )


def _family_of(path: Path) -> Family:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return next((one for name, one in FAMILIES.items() if name in head), STABLE_DIFFUSION)
