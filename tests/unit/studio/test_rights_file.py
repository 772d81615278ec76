import contextlib
import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput, LimnerError
from limner.core.rights import RightsKind
from limner.studio import rights
from limner.studio.rights_file import parse_expiry, read_entries

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MANIFEST = Path(__file__).parents[3] / "training" / "data" / "manifest.csv"
GOOD = {"kind": "source", "title": "icons", "licence": "MIT"}


def write_jsonl(path, *rows):
    path.write_text(
        "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in rows)
    )
    return path


def read(path):
    return read_entries(path, NOW, lambda: "painted").entries


def test_the_training_manifest_is_one_source_for_each_package_author_and_licence():
    with MANIFEST.open(newline="") as file:
        rows = list(csv.DictReader(file))
    groups = {(one["package"], one["version"], one["author"], one["licence"]) for one in rows}
    entries = read(MANIFEST)
    assert len(entries) == len(groups)
    keys = {key for one in entries for key in one.keys}
    assert {f"sha256:{one['render_sha256']}" for one in rows} <= keys


def test_pictures_that_were_held_out_do_not_name_the_model(tmp_path):
    header = "package,version,author,licence,render_sha256,split\n"
    path = tmp_path / "m.csv"
    path.write_text(f"{header}a,1,A,MIT,{'0' * 64},train\nb,1,B,MIT,{'1' * 64},heldout_style\n")
    assert ["model:painted" in one.keys for one in read(path)] == [True, False]


def test_the_training_manifest_is_imported_whole_and_withdrawn_by_author(studio):
    imported = rights.import_file(studio.parts, MANIFEST)
    images = studio.generate("a fox", n=2, seed=1)
    (entry_id,) = [
        one.entry_id
        for one in rights.entries(studio.parts)
        if (one.entry.title or "").startswith("@iconify-json/marketeq")
    ]
    enforced = rights.withdraw(studio.parts, entry_id, reason="licence_ended")
    assert len(imported.entry_ids) > 100
    assert set(enforced.blocked) == {image.image_id for image in images}


def test_importing_the_same_file_twice_is_refused(studio, tmp_path):
    path = write_jsonl(tmp_path / "r.jsonl", GOOD)
    rights.import_file(studio.parts, path)
    with pytest.raises(BadInput, match="was imported before"):
        rights.import_file(studio.parts, path)


def test_an_imported_opt_out_blocks_stored_images(studio, tmp_path):
    studio.generate("jane doe", seed=1)
    row = {"kind": "opt-out", "opted_out": "name", "name": "Jane Doe"}
    imported = rights.import_file(studio.parts, write_jsonl(tmp_path / "r.jsonl", GOOD, row))
    assert imported.num_blocked == 1


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{", "Line 3 of"),
        ("[]", "it is not a JSON object"),
        ('{"kind": "source", "kind": "consent"}', "the key 'kind' is written twice"),
        (GOOD | {"colour": "red"}, "colour: extra inputs are not permitted, not 'red'"),
        ({"title": "icons", "licence": "MIT"}, "kind: field required"),
        (GOOD | {"kind": "permit"}, "not 'permit'"),
        (GOOD | {"title": 7}, "title: input should be a valid string, not 7"),
        (GOOD | {"expires": "2020-01-01"}, "allowed is a time after now"),
        (GOOD | {"keys": ["sha256:12"]}, "The key is 'sha256:12'"),
        ({"kind": "consent", "name": "Jane", "purpose": "x"}, "The consent has no expiry"),
    ],
)
def test_a_row_that_is_not_allowed_is_named_and_nothing_is_imported(
    studio, tmp_path, row, sentence
):
    path = write_jsonl(tmp_path / "r.jsonl", GOOD, "", row, GOOD)
    with pytest.raises(BadInput) as caught:
        rights.import_file(studio.parts, path)
    assert "Line 3 of" in caught.value.message
    assert sentence in caught.value.message
    assert rights.entries(studio.parts) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kind,title,licence\nsource,a\n", "Line 2"),
        ("kind,title,licence\nsource,a,MIT,more\n", "it has not 3 columns"),
        ("kind,title,licence,title\nsource,a,MIT,b\n", "it has the column 'title' twice"),
        ('kind,title,licence\nsource,"a,MIT\n', "it is not CSV"),
        ("kind,title,licence\n", "has no rows"),
        ("package,version,author,licence,render_sha256\na,1,A,MIT,xyz\n", "Line 2"),
        ("package,version,author,licence,render_sha256\na,1,,MIT," + "0" * 64, "author"),
    ],
)
def test_a_table_that_is_not_whole_is_refused(tmp_path, text, sentence):
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read(path)
    assert sentence in caught.value.message


def test_a_table_may_leave_fields_empty(tmp_path):
    path = tmp_path / "r.csv"
    key = "sha256:" + "0" * 64
    path.write_text(f"kind,title,licence,keys,expires\nsource,icons,MIT,{key} model:a@1,\n")
    (entry,) = read(path)
    assert (entry.kind, entry.keys, entry.expires_at) == (
        RightsKind.SOURCE, (key, "model:a@1"), None,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["r.txt", "gone.csv"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / "r.txt").write_text("x")
    with pytest.raises(BadInput, match=name):
        read(tmp_path / name)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "r.csv").write_bytes(b"\xff\xfe\x00kind")
    with pytest.raises(BadInput, match="not UTF-8"):
        read(tmp_path / "r.csv")


@given(content=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".jsonl"]))
def test_no_file_raises_anything_but_our_errors(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("any") / f"r{suffix}"
    path.write_bytes(content)
    with contextlib.suppress(LimnerError):
        read(path)


def test_an_expiry_with_a_zone_is_kept_in_utc():
    assert parse_expiry("2027-01-31T12:00+01:00") == datetime(2027, 1, 31, 11, tzinfo=UTC)
