import dataclasses
import io
import json
import tarfile

import pytest
from training.data.packages import DataError, archive_path, fetch, icons, packages, sha256_of

ICONS = {
    "width": 24,
    "height": 24,
    "icons": {
        "cat": {"body": "<path/>"},
        "gone": {"body": "", "hidden": True},
        "wide": {"body": "<g/>", "width": 48},
    },
}


@pytest.fixture
def package(tmp_path):
    plain = dataclasses.replace(packages()["noto"], file="set.tgz")
    path = archive_path(plain, tmp_path)
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, value in {"icons.json": ICONS, "chars.json": {"1f408": "cat"}}.items():
            data = json.dumps(value).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return dataclasses.replace(plain, sha256=sha256_of(path))


def test_a_file_with_the_pinned_hash_is_taken(package, tmp_path):
    assert fetch(package, tmp_path) == archive_path(package, tmp_path)


def test_a_file_with_another_hash_is_refused(package, tmp_path):
    with pytest.raises(DataError, match="pinned"):
        fetch(dataclasses.replace(package, sha256="0" * 64), tmp_path)


def test_hidden_icons_are_left_out(package, tmp_path):
    assert [icon.name for icon in icons(package, tmp_path)] == ["cat", "wide"]


def test_an_icon_takes_its_size_from_itself_before_its_set(package, tmp_path):
    assert [icon.view for icon in icons(package, tmp_path)] == [(0, 0, 24, 24), (0, 0, 48, 24)]


def test_an_icon_knows_its_code_point(package, tmp_path):
    assert next(icons(package, tmp_path)).code_points == ("1f408",)


def test_every_package_is_pinned_by_version_and_hash():
    assert all(package.version and len(package.sha256) == 64 for package in packages().values())
