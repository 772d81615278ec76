import csv
import json
from pathlib import Path

import pytest

from limner.core.errors import BadInput
from limner.studio.look.writing import FLAT, form_of, write_rows


@pytest.fixture(scope="module")
def written(parts, first, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")

    def write(name):
        path = folder / name
        write_rows(parts, first[1].run_id, path, overwrite=True)
        return path

    return write


def test_json_lines_hold_every_item(written, first):
    lines = [json.loads(one) for one in written("a.jsonl").read_text().splitlines()]
    assert [one["name"].rpartition("/")[2] for one in lines] == sorted(first[0], key=str.lower)


def test_csv_has_one_row_an_item_with_its_fault_or_outcome(written):
    with written("a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {bool(one["fault"]) != bool(one["outcome"]) for one in rows} == {True}


def test_parquet_has_the_columns_of_csv(written):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(written("a.parquet")).column_names == list(FLAT)


def test_every_coco_annotation_belongs_to_an_image_and_a_category(written):
    coco = json.loads(written("a.coco.json").read_text())
    images = {one["id"] for one in coco["images"]}
    categories = {one["id"] for one in coco["categories"]}
    assert {one["image_id"] for one in coco["annotations"]} <= images
    assert {one["category_id"] for one in coco["annotations"]} <= categories


def test_a_label_studio_task_names_its_picture(written):
    tasks = json.loads(written("a.label-studio.json").read_text())
    assert {"good.png", "inner.png"} <= {one["data"]["image"].rpartition("/")[2] for one in tasks}


def test_a_name_that_a_spreadsheet_would_run_is_marked(parts, look_at, tmp_path, monkeypatch):
    (tmp_path / "=cmd.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    _, run = look_at(Path("=cmd.png"))
    write_rows(parts, run.run_id, tmp_path / "a.csv", overwrite=False)
    assert "'=cmd.png" in (tmp_path / "a.csv").read_text()


def test_a_file_that_is_there_is_not_replaced(parts, first, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(BadInput, match="there already"):
        write_rows(parts, first[1].run_id, path, overwrite=False)
    assert path.read_text() == "mine"


def test_an_unknown_form_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"\.coco\.json"):
        form_of(tmp_path / "a.xml")
