"""A recipe for tests that need one and do not draw."""

from limner.core.recipe import Recipe
from limner.core.records import Operation, Size

RECIPE = Recipe(
    prompt="a red fox",
    template=None,
    negative="",
    operation=Operation.TEXT,
    style=None,
    seed=1,
    steps=4,
    guidance=3.0,
    sampler="brush",
    strength=1.0,
    size=Size(64, 64),
    canvas=Size(64, 64),
    background="auto",
    source_sha256=None,
    mask_sha256=None,
    margins=None,
    is_deterministic=False,
    generator="painted",
    generator_version="1",
    ingredients={"network.bin": "sha256:" + "0" * 64},
    steps_run=4,
    num_forwards=4,
    num_prompt_tokens=3,
    batch_size=1,
    engine="numpy",
    device="CPU",
    precision="u8",
    num_threads=1,
    versions={"limner": "0.0.0"},
)
