"""Adapters on a pipeline: exactly those a request asks for, or an error.

LoRAs and embeddings are taken off whole before others are put on, so that a picture without them
is the same as if there had never been any.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from limner.core.drawing import FittedAdapter
from limner.core.errors import BadInput, WeightsRefused
from limner.core.forms import AdapterForm, ModelForm
from limner.core.ports import AdapterKind
from limner.generators.diffusers.loading import Pipeline, open_library
from limner.generators.weight_files import (
    SAFETENSORS,
    read_safetensors_header,
    require_as_written,
)

ASIDE = (".alpha", "lora_magnitude_vector", ".dora_scale")
PICTURE_STARTS = ("ip_adapter.", "double_blocks.")  # the second as the makers of Flux's write them
ENCODER_PARTS = ("tokenizer", "text_encoder")
MEANS_NONE = ("addition_embed_type",)  # where nothing is said there is none
ALIKE = (
    *MEANS_NONE,
    "cross_attention_dim",
    "block_out_channels",
    "joint_attention_dim",
    "num_attention_heads",
    "attention_head_dim",
)
"""Settings a ControlNet shares with the network it steers."""


class Encoder(NamedTuple):
    """A text encoder that embeddings go onto.

    Attributes:
        half: what its half of an embedding for two is called.
    """

    half: str
    tokenizer: Any
    network: Any


def token_of(name: str) -> str:
    """The word that stands for an embedding in a prompt."""
    return f"<{name}>"


class Adapters:
    """The adapters of one loaded pipeline.

    Args:
        pipeline: they go onto.
        form: that lists them.
    """

    def __init__(self, pipeline: Pipeline, form: ModelForm) -> None:
        self._pipeline, self._form = pipeline, form
        self._loras: tuple[str, ...] = ()
        self._embeddings: tuple[str, ...] = ()
        self._picture = ""
        self._controlnets: dict[str, Any] = {}

    def put_on(self, asked: Sequence[FittedAdapter]) -> None:
        """Have exactly these LoRAs, embeddings and IP-Adapter on the pipeline, with their weights.

        Raises:
            WeightsRefused: a file is not what the form says, or does not fit the pipeline.
        """
        loras = self._of_kind(asked, AdapterKind.LORA)
        self._put_on_loras(tuple(one.name for one in loras))
        if loras:
            names = [f"lora{number}" for number in range(len(loras))]
            self._pipeline.set_adapters(names, [one.weight for one in loras])
        embeddings = self._of_kind(asked, AdapterKind.EMBEDDING)
        self._put_on_embeddings(tuple(one.name for one in embeddings))
        self._put_on_picture(self.pictures(asked))

    def pictures(self, asked: Sequence[FittedAdapter]) -> list[FittedAdapter]:
        """The IP-Adapters that are asked for."""
        return self._of_kind(asked, AdapterKind.IP_ADAPTER)

    def controlnets(self, asked: Sequence[FittedAdapter]) -> list[tuple[FittedAdapter, Any]]:
        """The networks of the ControlNets that are asked for."""
        return [
            (one, self._controlnet(one.name))
            for one in self._of_kind(asked, AdapterKind.CONTROLNET)
        ]

    def _of_kind(self, asked: Sequence[FittedAdapter], kind: AdapterKind) -> list[FittedAdapter]:
        return [one for one in asked if self._form.adapters[one.name].kind is kind]

    def _put_on_loras(self, names: tuple[str, ...]) -> None:
        if names == self._loras:
            return
        if self._loras:
            self._pipeline.unload_lora_weights()
        self._loras = ()
        for name in names:
            self._require_taken(name, "load_lora_weights")
        for number, name in enumerate(names):
            try:
                self._load_lora(name, f"lora{number}")
            except BaseException:
                self._pipeline.unload_lora_weights()
                raise
        self._loras = names

    def _load_lora(self, name: str, adapter_name: str) -> None:
        path = self._checked(name)
        try:
            state = self._pipeline.lora_state_dict(str(path), use_safetensors=True)
            self._pipeline.load_lora_weights(
                str(path), adapter_name=adapter_name, use_safetensors=True
            )
        except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise self._misfit(name) from error
        tensors: list[str] = list(state[0] if isinstance(state, tuple) else state)  # pyright: ignore[reportUnknownArgumentType]
        num_given = sum(not one.endswith(ASIDE) for one in tensors)
        num_taken = sum(
            f".{adapter_name}." in key
            for part in self._pipeline.components.values()
            if hasattr(part, "named_parameters")
            for key, _ in part.named_parameters()
        )
        if num_taken != num_given or not num_given:
            raise self._misfit(name, f" ({num_taken} of its {num_given} tensors do)")

    def _put_on_embeddings(self, names: tuple[str, ...]) -> None:
        if names == self._embeddings:
            return
        self._take_off_embeddings()
        try:
            for name in names:
                self._embeddings = (*self._embeddings, name)  # before: half of it may be put on
                self._load_embedding(name)
        except BaseException:
            self._take_off_embeddings()
            raise

    def _take_off_embeddings(self) -> None:
        words = set(map(token_of, self._embeddings))
        for encoder in self._encoders():
            if words & set(encoder.tokenizer.get_added_vocab()):
                self._pipeline.unload_textual_inversion(
                    tokenizer=encoder.tokenizer, text_encoder=encoder.network
                )
        self._embeddings = ()

    def _load_embedding(self, name: str) -> None:
        """Put an embedding onto the text encoder, or its halves onto both."""
        path = self._checked(name)
        self._require_taken(name, "load_textual_inversion")
        encoders = self._encoders()
        whole = {"use_safetensors": True}
        try:
            values: dict[str, Any] = {encoder.half: str(path) for encoder in encoders}
            if len(encoders) > 1:
                values, whole = open_library("safetensors.torch").load_file(path), {}
            if sorted(values) != sorted(one.half for one in encoders):
                halves = " and ".join(one.half for one in encoders)
                raise self._misfit(name, f", which takes one of {halves}")
            for half, tokenizer, network in encoders:
                self._pipeline.load_textual_inversion(
                    values[half],
                    token=token_of(name),
                    tokenizer=tokenizer,
                    text_encoder=network,
                    **whole,
                )
        except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise self._misfit(name) from error

    def _encoders(self) -> list[Encoder]:
        """The text encoders that embeddings go onto; T5 takes none."""
        found = [
            Encoder(half, *(getattr(self._pipeline, one + end, None) for one in ENCODER_PARTS))
            for half, end in (("clip_l", ""), ("clip_g", "_2"))
        ]
        return [one for one in found if type(one.network).__name__.startswith("CLIP")]

    def _put_on_picture(self, asked: Sequence[FittedAdapter]) -> None:
        if len(asked) > 1:  # further ones would go by the first one's image encoder
            raise BadInput(
                f"The IP-Adapters {', '.join(one.name for one in asked)} are asked for; allowed is "
                "one at a time."
            )
        name = asked[0].name if asked else ""
        if name != self._picture and self._picture:
            self._pipeline.unload_ip_adapter()
            self._picture = ""
        if name != self._picture:
            self._load_picture(name)
            self._picture = name
        if asked:
            self._pipeline.set_ip_adapter_scale(asked[0].weight)

    def _load_picture(self, name: str) -> None:
        path = self._checked(name)
        self._require_taken(name, "load_ip_adapter")
        weights = [one for one in self._form.adapters[name].files if "/" not in one]
        weights = [one for one in weights if one.endswith(SAFETENSORS)]
        if len(weights) != 1:
            raise self._misfit(name, f" (its folder has {len(weights)} safetensors at the top)")
        try:
            self._pipeline.load_ip_adapter(
                str(path), weight_name=weights[0], local_files_only=True, **self._beside(path)
            )
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            self._pipeline.unload_ip_adapter()
            raise self._misfit(name) from error
        tensors = read_safetensors_header(path / weights[0])
        num_given = sum(one.startswith(PICTURE_STARTS) for one in tensors)
        network = _network_of(self._pipeline)
        num_taken = sum("_ip." in one for one, _ in network.named_parameters())
        if num_taken != num_given or not num_given:
            self._pipeline.unload_ip_adapter()
            raise self._misfit(name, f" ({num_taken} of its {num_given} tensors do)")

    def _beside(self, path: Path) -> dict[str, Any]:
        """How a pipeline is told where the image encoder is; Flux takes another way than others."""
        known = inspect.signature(self._pipeline.load_ip_adapter).parameters
        if "image_encoder_folder" in known:
            return {"subfolder": ""}
        return {
            "image_encoder_pretrained_model_name_or_path": str(path / "image_encoder"),
            "image_encoder_dtype": self._pipeline.dtype,
        }

    def _controlnet(self, name: str) -> Any:  # noqa: ANN401 - a class without types
        if name not in self._controlnets:
            path = self._checked(name)
            diffusers = open_library("diffusers")
            try:
                settings = diffusers.ControlNetModel.load_config(path)
                kind = settings["_class_name"]
                self._require_alike(name, kind, settings)
                network = getattr(diffusers, kind).from_pretrained(
                    path,
                    dtype=self._pipeline.dtype,
                    use_safetensors=True,
                    local_files_only=True,
                )
            except (OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
                raise self._misfit(name) from error
            self._controlnets[name] = network.to(self._pipeline.device)
        return self._controlnets[name]

    def _require_alike(self, name: str, kind: str, settings: Mapping[str, Any]) -> None:
        """Refuse a ControlNet whose class or widths are not those of the pipeline's network.

        Raises:
            WeightsRefused: names what differs.
        """
        network = _network_of(self._pipeline)
        family, drawn_by = kind.partition("ControlNet")[0] or "UNet", type(network).__name__
        if not drawn_by.startswith(family):
            raise self._misfit(name, f": it is a {kind}, and the model draws by a {drawn_by}")
        for key in ALIKE:
            own, its = network.config.get(key), settings.get(key)
            is_told = key in MEANS_NONE or None not in (own, its)
            if is_told and _plain(own) != _plain(its):
                raise self._misfit(name, f": its {key} is {its!r}, the model's {own!r}")

    def _require_taken(self, name: str, method: str) -> None:
        """Refuse an adapter of a kind that the pipeline has no way to take.

        Raises:
            WeightsRefused: names the pipeline.
        """
        if not hasattr(self._pipeline, method):
            kind, pipeline = self._form.adapters[name].kind, type(self._pipeline).__name__
            raise WeightsRefused(
                f"The {kind} {name!r} does not fit the model {self._form.name!r}: its pipeline, "
                f"{pipeline}, takes none.",
                code="adapter_misfit",
                hint="Draw without it, or with a model of another architecture.",
            )

    def _checked(self, name: str) -> Path:
        adapter = self._form.adapters[name]
        require_as_written(Path(adapter.location), adapter.files)
        return _only_file(adapter)

    def _misfit(self, name: str, told: str = "") -> WeightsRefused:
        kind = self._form.adapters[name].kind
        return WeightsRefused(
            f"The {kind} {name!r} does not fit the model {self._form.name!r}{told}.",
            code="adapter_misfit",
            hint="It was made for models of another architecture.",
        )


def require_words(form: ModelForm, asked: Sequence[FittedAdapter], texts: Sequence[str]) -> None:
    """Refuse an embedding that is asked for and not named in any text.

    Raises:
        BadInput: says which word is missing.
    """
    for one in asked:
        is_embedding = form.adapters[one.name].kind is AdapterKind.EMBEDDING
        if is_embedding and not any(token_of(one.name) in text for text in texts):
            raise BadInput(
                f"The embedding {one.name!r} is asked for, but the word {token_of(one.name)!r} is "
                "not in the prompt.",
                code="embedding_unused",
            )


def _network_of(pipeline: Pipeline) -> Any:  # noqa: ANN401 - a class without types
    return getattr(pipeline, "unet", None) or pipeline.transformer


def _plain(value: Any) -> Any:  # noqa: ANN401 - of a part's settings
    return list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _only_file(adapter: AdapterForm) -> Path:
    """The file of an adapter that has one; those that go by pictures are folders."""
    path = Path(adapter.location)
    if path.is_dir() and not adapter.kind.needs_picture:
        weights = [name for name in adapter.files if name.endswith(".safetensors")]
        if len(weights) == 1:
            return path / weights[0]
    return path
