"""Pages that must stay true: the map, the changelog, the constraints."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def modules() -> set[str]:
    found = set()
    for path in (ROOT / "src" / "limner").rglob("*.py"):
        parts = path.relative_to(ROOT / "src").with_suffix("").parts
        if "versions" not in parts:  # migrations carry their own docstrings
            found.add(".".join(parts).removesuffix(".__init__"))
    return found


def test_every_module_has_its_line_on_the_map():
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert set(re.findall(r"^\| `(limner[\w.]*)` \|", page, re.MULTILINE)) == modules()


def test_the_newest_entry_of_the_changelog_is_this_version():
    page = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## \[([\d.]+)\]", page, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == version("limner")


def constraints() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_constraints_are_exact_versions_and_nothing_else():
    assert [one for one in constraints() if not re.fullmatch(r"[a-z0-9.-]+==[\w.]+", one)] == []


@pytest.mark.parametrize("group", ["plain", "dev", "training"])
def test_every_dependency_has_its_constraint(group):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"] | {"plain": project["dependencies"]}
    names = {re.split(r"[\[<>=]", one)[0].replace("_", "-") for one in extras[group]}
    assert names <= {one.split("==")[0] for one in constraints()}


def test_torch_is_not_part_of_a_plain_install():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any(one.startswith("torch") for one in project["dependencies"])
