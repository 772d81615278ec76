"""The fields of image requests as OpenAI has them, and the few more that other servers take.

Read from JSON and from forms alike; what is not here is named to the caller and ignored. What a
value means is said in requests.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]

MAX_IMAGES = 10
MAX_PARTIAL_IMAGES = 3


class GenerationFields(BaseModel):
    """What ``/v1/images/generations`` takes; ``null`` is the same as left out."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    prompt: str
    model: str | None = None
    n: int | None = Field(default=None, ge=1, le=MAX_IMAGES)
    size: str | None = Field(default=None, description="`auto` or `WIDTHxHEIGHT`")
    quality: str | None = Field(default=None, description="`auto`, `low` to `max`")
    background: Literal["auto", "transparent", "opaque"] | None = None
    moderation: Literal["auto", "low"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: int | None = Field(default=None, ge=0, le=100)
    response_format: Literal["url", "b64_json"] | None = None
    style: str | None = Field(default=None, description="a style of the model")
    stream: bool | None = None
    partial_images: int | None = Field(default=None, ge=0, le=MAX_PARTIAL_IMAGES)
    user: str | None = None
    safety_identifier: str | None = None

    seed: Seed | None = None
    negative_prompt: str | None = None
    steps: int | None = Field(
        default=None, validation_alias=AliasChoices("steps", "num_inference_steps")
    )
    guidance: float | None = Field(
        default=None,
        validation_alias=AliasChoices("guidance", "guidance_scale", "true_cfg_scale", "cfg_scale"),
    )
    sampler: str | None = None

    @property
    def unknown(self) -> list[str]:
        """Names of fields that nobody here knows."""
        return list(self.model_extra or {})


class ImageReference(BaseModel):
    """A picture inside a JSON request: a data URL."""

    model_config = ConfigDict(extra="forbid")

    image_url: str | None = None
    file_id: str | None = None


class EditFields(GenerationFields):
    """What ``/v1/images/edits`` takes besides the files of a form."""

    input_fidelity: Literal["high", "low"] | None = None
    strength: float | None = Field(default=None, ge=0, le=1)
    images: list[ImageReference] | None = None
