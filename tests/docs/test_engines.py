"""The engine of docs/engines.md, run as it stands."""

import os
import re
import sys
from pathlib import Path

import pytest

from limner.app import open_shelf
from limner.core.settings import read_settings
from limner.studio.model_form import form_of_text
from limner.testing import NotConforming, PaintedGenerator, require_conforming

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text()


def snippet(language, start=""):
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return next(one for one in found if start in one)


ENGINE = snippet("python")
FORM = snippet("yaml", "format: limner.model-form")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the engine's module is, for this process and those it starts."""
    (tmp_path / "noise_engine.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path[1:]]))
    return tmp_path


def test_the_engine_is_one_file_of_at_most_150_lines():
    assert len(ENGINE.splitlines()) <= 150


def test_the_engine_conforms(folder):
    import noise_engine

    require_conforming(noise_engine.open_generator(form_of_text(FORM, "noise-1")))


def test_named_in_the_settings_it_draws_in_a_process_of_its_own(folder):
    (folder / "settings.toml").write_text(snippet("toml", "engines"))
    models = folder / "models"
    models.mkdir()
    (models / "noise-1.yaml").write_text(FORM)
    shelf = open_shelf(read_settings(default_home=folder, environment={}))
    generator = shelf.open("noise-1")
    try:
        require_conforming(generator)
        assert generator.pid not in (None, os.getpid())
    finally:
        generator.close()


def test_the_keys_of_the_page_are_read(tmp_path):
    (tmp_path / "settings.toml").write_text(snippet("toml", "service_keys"))
    keys = read_settings(default_home=tmp_path, environment={}).service_keys
    assert keys.of("api.openai.com").value == "sk-..."


class Forgetful(PaintedGenerator):
    """Draws every seed as if it were 1."""

    def generate(self, plan, seeds, **named):
        return super().generate(plan, [1] * len(seeds), **named)


def test_the_kit_finds_an_engine_that_does_not_keep_its_seeds():
    with pytest.raises(NotConforming) as caught:
        require_conforming(Forgetful())
    assert "Seeds 5, 3 do not come back as 5, 3." in str(caught.value)
    assert "Seeds 7 and 8 give the same picture." in str(caught.value)
