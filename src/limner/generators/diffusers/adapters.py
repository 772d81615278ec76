"""Adapters on a pipeline: exactly those a request asks for, or an error.

LoRAs and embeddings are taken off whole before others are put on, so that a picture without them
is the same as if there had never been any.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
        if self._embeddings:
            self._pipeline.unload_textual_inversion()
        self._embeddings = ()
        for name in names:
            path = self._checked(name)
            try:
                self._pipeline.load_textual_inversion(
                    str(path), token=token_of(name), use_safetensors=True
                )
            except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
                raise self._misfit(name) from error
            self._embeddings = (*self._embeddings, name)

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
        opener = getattr(self._pipeline, "load_ip_adapter", None)
        if opener is None or "image_encoder_folder" not in inspect.signature(opener).parameters:
            raise self._misfit(name)
        weights = [one for one in self._form.adapters[name].files if "/" not in one]
        weights = [one for one in weights if one.endswith(SAFETENSORS)]
        if len(weights) != 1:
            raise self._misfit(name, f" (its folder has {len(weights)} safetensors at the top)")
        try:
            opener(str(path), subfolder="", weight_name=weights[0], local_files_only=True)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            self._pipeline.unload_ip_adapter()
            raise self._misfit(name) from error
        tensors = read_safetensors_header(path / weights[0])
        num_given = sum(one.startswith("ip_adapter.") for one in tensors)
        network = getattr(self._pipeline, "unet", None) or self._pipeline.transformer
        num_taken = sum("_ip." in one for one, _ in network.named_parameters())
        if num_taken != num_given or not num_given:
            self._pipeline.unload_ip_adapter()
            raise self._misfit(name, f" ({num_taken} of its {num_given} tensors do)")

    def _controlnet(self, name: str) -> Any:  # noqa: ANN401 - a class without types
        if name not in self._controlnets:
            path = self._checked(name)
            diffusers = open_library("diffusers")
            try:
                kind = diffusers.ControlNetModel.load_config(path)["_class_name"]
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


def _only_file(adapter: AdapterForm) -> Path:
    """The file of an adapter that has one; those that go by pictures are folders."""
    path = Path(adapter.location)
    if path.is_dir() and not adapter.kind.needs_picture:
        weights = [name for name in adapter.files if name.endswith(".safetensors")]
        if len(weights) == 1:
            return path / weights[0]
    return path
