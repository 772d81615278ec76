import json
import os

import pytest

from limner.core.errors import BadInput, EngineFailed, ModelPaused, PictureBroken
from limner.studio.batch_file import MAX_BYTES, read_rows
from limner.studio.saving import Destination


@pytest.fixture
def destination(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return Destination(folder=folder, stem=None, file_format="png")


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("prompt,seed,style\na fox,1,plain\na cat,2,cubist\na dog,,striped\n")
    return path


def results(studio, path, destination, **defaults):
    return list(studio.batch(path, destination, **defaults).draw())


def test_every_row_has_a_result(studio, rows, destination):
    assert [one.status for one in results(studio, rows, destination)] == ["done", "error", "done"]


def test_an_error_of_a_row_is_recorded(studio, rows, destination):
    results(studio, rows, destination)
    lines = (destination.folder / "results.jsonl").read_text().splitlines()
    assert json.loads(lines[1])["error"] == {
        "code": "style_unknown",
        "message": "Unknown style 'cubist'; allowed are plain, striped.",
    }


def test_pictures_are_named_by_their_row(studio, rows, destination):
    (image,) = results(studio, rows, destination)[0].images
    assert image.path == str(destination.folder / "0001-a-fox-1.png")


def test_a_second_run_skips_what_is_done_and_tries_errors_again(studio, rows, destination):
    results(studio, rows, destination)
    statuses = [one.status for one in results(studio, rows, destination)]
    assert statuses == ["skipped", "error", "skipped"]


def test_a_second_run_draws_a_row_that_was_changed(studio, rows, destination):
    results(studio, rows, destination)
    rows.write_text(rows.read_text().replace("cubist", "plain"))
    statuses = [one.status for one in results(studio, rows, destination)]
    assert statuses == ["skipped", "done", "skipped"]


def test_a_run_goes_on_after_a_line_was_left_half_written(studio, rows, destination):
    results(studio, rows, destination)
    path = destination.folder / "results.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    statuses = [one.status for one in results(studio, rows, destination)]
    assert statuses == ["skipped", "error", "done"]


def test_a_row_drawn_again_after_a_kill_leaves_one_picture(studio, rows, destination):
    results(studio, rows, destination)
    (destination.folder / "results.jsonl").unlink()
    results(studio, rows, destination)
    assert len(list(destination.folder.glob("*.png"))) == 2


def test_a_broken_picture_is_an_error_of_its_row(studio, painter, rows, destination):
    painter.faults = {1: "black"}
    first = results(studio, rows, destination)[0]
    assert (first.status, first.error["code"]) == ("error", PictureBroken.code)


def test_defaults_hold_where_a_row_says_nothing(studio, rows, destination):
    third = results(studio, rows, destination, steps=9)[2]
    record = studio.parts.store.image_by_id(third.images[0].image_id)
    assert record.recipe.steps == 9


def test_jsonl_rows_are_drawn(studio, tmp_path, destination):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a fox", "n": 2}\nnot json\n{"prompt": "a cat", "colour": 1}\n')
    found = results(studio, path, destination)
    assert [one.status for one in found] == ["done", "error", "error"]
    assert found[1].error["message"] == (
        "The line 'not json' is not a JSON object of whole texts and finite numbers."
    )
    assert "'colour'" in found[2].error["message"]


def test_a_line_with_a_key_twice_is_an_error_of_its_row(studio, tmp_path, destination):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a fox", "prompt": "a cat"}\n{"prompt": "a cat"}\n')
    found = results(studio, path, destination)
    assert [one.status for one in found] == ["error", "done"]
    assert found[0].error["message"].endswith("is not allowed: the key 'prompt' is written twice.")


@pytest.mark.parametrize(
    "line",
    [
        r'{"prompt": "half \ud83d a character"}',
        '{"prompt": "a fox", "guidance": NaN}',
        '{"prompt": "a fox", "guidance": 1e999}',
        r'{"prompt": "a fox", "image": "a\u0000b.png"}',
        '{"prompt": "a fox", "model": ["painted"]}',
        "[1]",
    ],
)
def test_a_bad_line_is_an_error_of_its_row_alone(studio, tmp_path, destination, line):
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"prompt": "a fox"}}\n{line}\n{{"prompt": "a cat"}}\n')
    made = results(studio, path, destination)
    assert [one.status for one in made] == ["done", "error", "done"]
    assert made[1].is_bad_input


def test_pictures_a_row_names_are_looked_up_beside_the_file(studio, photo, tmp_path, destination):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a fox", "image": "photo.png"}\n')
    assert results(studio, path, destination)[0].status == "done"


def test_a_file_that_is_too_long_is_refused_and_not_read(rows):
    os.truncate(rows, MAX_BYTES + 1)
    with pytest.raises(BadInput, match=f"it has more than the {MAX_BYTES:,} bytes that are"):
        read_rows(rows)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("rows.txt", b"a fox", "has the suffix '.txt'; allowed are .csv, .jsonl, .ndjson."),
        ("rows.csv", b"prompt,colour\n", "has the unknown column 'colour'; allowed are prompt"),
        ("rows.csv", b"seed\n1\n", "has no column 'prompt'"),
        ("rows.csv", b"prompt\n", "has no rows."),
        ("rows.csv", b"prompt,seed,seed\na fox,1,2\n", "has the column 'seed' twice"),
        ("rows.csv", b"prompt\na,b\n", "has more cells than the 1 columns."),
        ("rows.csv", b'prompt\n"a fox\n', "is not CSV"),
        ("rows.jsonl", b"\xff\xfe\x00", "is not UTF-8 text."),
        ("rows.jsonl", b"", "has no rows."),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as refused:
        read_rows(tmp_path / name)
    assert sentence in refused.value.message


@pytest.mark.parametrize(
    "content",
    [
        "my notes\n",
        "my notes",
        "5\n",
        '{"score": 5}',
        '{"status": "done"}\n',
        '{"row": 1, "row_sha256": [], "status": "done"}\n{"row": ',
    ],
)
def test_a_results_file_of_something_else_is_refused_and_left_as_it_is(
    studio, rows, destination, content
):
    path = destination.folder / "results.jsonl"
    path.write_text(content)
    with pytest.raises(BadInput, match="which is not a result"):
        studio.batch(rows, destination)
    assert path.read_text() == content


def test_results_that_are_a_folder_are_refused_by_name(studio, rows, destination):
    (destination.folder / "results.jsonl").mkdir()
    with pytest.raises(BadInput, match="cannot be read: is a directory"):
        studio.batch(rows, destination)


@pytest.mark.parametrize("between", ["\u2028", "\x0c", "\x85", "\x1c"])
def test_a_row_of_csv_ends_where_its_line_does(tmp_path, between):
    path = tmp_path / "rows.csv"
    path.write_text(f"prompt,seed\na red{between}fox,1\n", newline="")
    (row,) = read_rows(path)
    assert row.values == {"prompt": f"a red{between}fox", "seed": "1"}


@pytest.mark.parametrize("fault", [EngineFailed, ModelPaused])
def test_what_one_row_alone_meets_is_an_error_of_that_row(
    studio, painter, tmp_path, destination, monkeypatch, fault
):
    real = painter.generate

    def generate(plan, seeds, **watch):
        if plan.sketch.prompt == "a cat":
            raise fault("it is so")
        return real(plan, seeds, **watch)

    monkeypatch.setattr(painter, "generate", generate)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"prompt": "a {one}"}}\n' for one in ("fox", "cat", "dog")))
    made = results(studio, path, destination)
    assert [one.status for one in made] == ["done", "error", "done"]
    assert (made[1].error["message"], made[1].is_bad_input) == ("it is so", False)


def test_a_row_of_a_paused_model_does_not_end_the_file(studio, tmp_path, destination, monkeypatch):
    parts = studio.parts
    real = type(parts).generator_of

    def generator_of(self, model):
        if model == "asleep":
            raise ModelPaused
        return real(self, model)

    monkeypatch.setattr(type(parts), "generator_of", generator_of)
    monkeypatch.setattr(type(parts), "model_names", ("painted", "asleep"))
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a fox", "model": "asleep"}\n{"prompt": "a cat"}\n')
    assert [one.status for one in results(studio, path, destination)] == ["error", "done"]


@pytest.mark.skipif(os.name != "posix", reason="names are bytes there")
def test_a_folder_whose_name_is_no_text_takes_results_all_the_same(studio, rows, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    destination = Destination(folder=folder, stem=None, file_format="png")
    assert results(studio, rows, destination)[0].status == "done"
    assert results(studio, rows, destination)[0].status == "skipped"
