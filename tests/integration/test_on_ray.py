"""Facts of looking on Ray: the same rows as without, and a worker that dies loses nothing.

Ray is an extra that is not among those of development; without it these are left out.
"""

import importlib
import os
import sys
from pathlib import Path

import pytest
from pool_works import open_doubler, open_fragile

from limner.executors.on_ray import RayMissing, RayPool
from limner.executors.pool import Loss

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray warns of itself
TESTS = str(Path(__file__).parents[1])


@pytest.fixture(scope="module")
def cluster():
    """A cluster of one machine."""
    ray = pytest.importorskip("ray")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join([TESTS, *sys.path])}},
    )
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_every_task_is_answered_once():
    pool = RayPool[int, int](open_doubler, num_processes=1, limit_seconds=30)
    assert sorted(pool.run(range(6))) == [(k, 2 * k) for k in range(6)]


@pytest.mark.usefixtures("cluster")
def test_a_task_that_kills_its_worker_is_named_and_loses_no_other():
    pool = RayPool[int, int](open_fragile, num_processes=1, limit_seconds=2)
    answers = dict(pool.run(range(7)))
    assert {k: one for k, one in answers.items() if not isinstance(one, Loss)} == {
        0: 0, 1: 1, 2: 2, 4: 4, 6: 6,
    }  # fmt: skip
    assert answers[3] == Loss("ended (signal SIGKILL)")
    assert answers[5] == Loss("gave no answer within 2 seconds")


@pytest.mark.usefixtures("cluster")
def test_a_look_gives_the_rows_of_one_without_ray_though_a_worker_is_killed(monkeypatch):
    pytest.importorskip("skimage")
    monkeypatch.syspath_prepend(str(Path(TESTS).parent))
    look_ray = importlib.import_module("benchmarks.look_ray")
    assert look_ray.measure_look_ray(is_quick=True).value == 0


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RayMissing, match="Ray is not installed") as caught:
        RayPool[int, int](open_doubler, num_processes=1, limit_seconds=30)
    assert "limner[ray]" in caught.value.hint
