import pytest
from registries import Registry

from limner.studio.studio import Studio


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "home")


@pytest.fixture
def studio(registry):
    with Studio(registry.parts) as opened:
        yield opened
