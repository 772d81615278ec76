"""Small real pipelines in folders."""

from dataclasses import replace

import pytest

from limner.core.models import Licence
from limner.core.ports import FloatSpan, IntSpan
from limner.core.records import Size
from limner.generators.diffusers.describing import describe

SAID_BY_LIBRARIES = (
    "__array__ implementation",
    "__array_wrap__ must accept",
    "Already found a `peft_config`",
    "Should have t[ab]",
    "`FluxPosEmbed` is deprecated",
)
LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory):
    """The folder of a family's pipeline, saved once."""
    import tiny_pipelines

    kept = {}

    def find(family):
        if family not in kept:
            kept[family] = tiny_pipelines.save(family, tmp_path_factory.mktemp(family) / family)
        return kept[family]

    return find


@pytest.fixture(scope="session")
def form_of(folder_of):
    """The form of a family's pipeline, on a small canvas."""

    def make(family, location=None, **changes):
        options = changes.pop("options", {})
        form = describe(family, location or folder_of(family), LICENCE, options=options)
        small = {"canvases": (Size(32, 32),), "side_px": IntSpan(16, 512, 32)}
        return replace(form, **{**small, "guidance": FloatSpan(0, 30, 3), **changes})

    return make


def pytest_collection_modifyitems(items):
    """What the libraries say to each other's new versions is not ours to mend."""
    for item in items:
        if "generators/diffusers" in str(item.path):
            for words in SAID_BY_LIBRARIES:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{words}"))
