from functools import partial

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.app import open_looker
from limner.studio.look.arriving import Arrivals, look_as_they_come
from limner.studio.look.looker import Asked
from limner.studio.look.rows import rows_of
from limner.studio.look.run import begin_look


def names(paths):
    return [one.name for one in paths]


def test_a_file_is_given_once_it_stands_still_and_only_once(tmp_path):
    arrivals = Arrivals([tmp_path])
    (tmp_path / "a.png").write_bytes(b"half")
    assert names(arrivals.settled()) == []
    (tmp_path / "a.png").write_bytes(b"half and half")
    assert names(arrivals.settled()) == []
    assert names(arrivals.settled()) == ["a.png"]
    assert names(arrivals.settled()) == []


def test_a_file_that_changes_later_is_given_again(tmp_path):
    arrivals = Arrivals([tmp_path])
    (tmp_path / "a.png").write_bytes(b"first")
    given = [names(arrivals.settled()) for _ in range(2)]
    (tmp_path / "a.png").write_bytes(b"second, longer")
    given += [names(arrivals.settled()) for _ in range(2)]
    assert given == [[], ["a.png"], [], ["a.png"]]


def test_a_file_that_goes_between_two_looks_is_no_fault(tmp_path):
    arrivals = Arrivals([tmp_path])
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "b.png").symlink_to(tmp_path / "nowhere")
    arrivals.settled()
    (tmp_path / "a.png").unlink()
    assert arrivals.settled() == []


def test_links_that_lead_round_end(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    (tmp_path / "in" / "a.png").write_bytes(b"x")
    arrivals = Arrivals([tmp_path])
    arrivals.settled()
    assert names(arrivals.settled()) == ["a.png"]


def test_hidden_files_are_passed_over(tmp_path):
    (tmp_path / ".part").write_bytes(b"x")
    arrivals = Arrivals([tmp_path])
    arrivals.settled()
    assert arrivals.settled() == []


class Enough(Exception):
    """The test has seen what it wanted."""


def test_what_comes_while_looking_is_a_further_row_of_the_same_run(parts, tmp_path):
    def save(number):
        rough = np.random.default_rng(700 + number).integers(0, 256, (6, 8, 3), np.uint8)
        PillowImage.fromarray(rough).resize((96, 80)).save(tmp_path / f"{number}.png")

    waits = iter(range(4))

    def wait():
        number = next(waits, None)
        if number is None:
            raise Enough
        if number == 1:
            save(1)

    save(0)
    opening = partial(open_looker, parts.settings, Asked())
    run = begin_look(parts, [tmp_path], Asked(), opening().sha256)
    told = look_as_they_come(parts, run, opening, num_processes=1, wait=wait)
    with pytest.raises(Enough):
        list(told)
    rows = [(row.item.number, row.item.name[-5:]) for row in rows_of(parts, run.run_id)]
    assert rows == [(0, "0.png"), (1, "1.png")]
