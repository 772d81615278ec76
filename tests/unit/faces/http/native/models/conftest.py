import pytest
from registries import Registry

from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run
from limner.studio.studio import Studio
from limner.studio.suite_file import read_suite


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "home")


@pytest.fixture
def studio(registry):
    with Studio(registry.parts) as opened:
        yield opened


@pytest.fixture
def begin(registry, studio):
    """Begins a run of the registry's own suite, and draws it if told so."""
    suite = read_suite(str(registry.home / "suites" / "own.yaml"))
    checks = Checks(registry.parts)

    def begin(*, is_drawn):
        run = begin_run(registry.parts, suite, checks)
        if is_drawn:
            draw_run(registry.parts, run, checks)
        return run

    return begin
