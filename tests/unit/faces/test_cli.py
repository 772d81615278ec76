import json
from pathlib import Path

import pytest
import typer.main
from PIL import Image as PillowImage

from limner.core.errors import (
    BadInput,
    DrawingCancelled,
    GeneratorUnavailable,
    KeyRefused,
    LedgerBroken,
    PictureBroken,
    StorageUnavailable,
    WitnessRefused,
)
from limner.faces.cli import app_for, app_of
from limner.faces.exits import exit_code_of

DRAWING = [
    "--steps", "--guidance", "--sampler", "--size", "--style", "--negative", "--background",
    "--deterministic", "--impact", "--label", "--model", "--use",
]  # fmt: skip
OPTIONS = {
    "generate": [
        "--n", "--seed", *DRAWING, "--image", "--strength", "--mask", "--outpaint",
        "--second-pass", "--combinations", "--adapter", "--out", "--format", "--sheet", "--force",
        "--quiet", "--json",
    ],
    "variations": [
        "--prompt", "--n", "--strength", "--seed", *DRAWING, "--adapter", "--out", "--format",
        "--sheet", "--force", "--quiet", "--json",
    ],
    "batch": ["--n", *DRAWING, "--out", "--format", "--quiet", "--json"],
    "grid": [
        "--x", "--out", "--y", "--seed", *DRAWING, "--image", "--strength", "--adapter",
        "--force", "--quiet", "--json",
    ],
    "show": ["--json"],
    "redraw": ["--image", "--out", "--force", "--quiet", "--json"],
    "styles": [],
    "settings": ["--json"],
    "version": [],
    "log show": ["--kind", "--subject", "--last", "--json"],
    "log verify": ["--witness", "--json"],
    "log checkpoint": [],
    "log export": [],
    "log prove": ["--kind", "--since", "--out"],
    "log witness": ["--folder", "--export", "--log-key"],
    "log reconcile": ["--json"],
    "keys show": ["--json"],
    "keys rotate": ["--json"],
    "keys export-root": [],
    "keys trust": ["--json"],
    "models add": [
        "--licence", "--licence-source", "--licence-read-by", "--use", "--engine", "--workflow",
        "--input", "--canvas", "--option", "--force", "--json",
    ],
    "models list": ["--json"],
    "models show": ["--json"],
    "models test": ["--json"],
    "models remove": [],
    "models doctor": ["--json"],
    "tune": [
        "--name", "--owner", "--review-by", "--licence-read-by", "--steps", "--rank", "--seed",
        "--quiet", "--as", "--json",
    ],
    "models shadow": ["--draw", "--json"],
    "upscale": ["--by", "--model", "--impact", "--label", "--use", "--out", "--format", "--force",
                "--quiet", "--json"],
    "gains": ["--since", "--json"],
    "export": ["--out", "--format", "--force", "--json"],
    "verify": ["--sidecar", "--json"],
    "sidecar": ["--force"],
    "studio": ["--host", "--port", "--no-browser"],
    "worker": ["--once", "--tied"],
    "mcp": ["--name"],
    "tokens create": ["--scope", "--name", "--days"],
    "tokens list": ["--json"],
    "tokens revoke": [],
    "jobs list": ["--owner", "--state", "--before", "--limit", "--json"],
    "jobs show": ["--json"],
    "jobs cancel": ["--json"],
    "jobs retry": ["--json"],
    "jobs pause": ["--json"],
    "jobs resume": ["--json"],
    "criteria check": ["--json"],
    "criteria explain": ["--json"],
    "criteria freeze": [],
    "criteria certify": ["--labels", "--criteria", "--write", "--json"],
    "eval run": [
        "--model", "--weights", "--seeds", "--limit", "--anew", "--quiet", "--json",
    ],
    "eval score": ["--quiet", "--json"],
    "eval agreement": ["--days", "--json"],
    "eval compare": ["--json"],
    "eval list": ["--json"],
    "eval show": ["--json"],
    "eval report": ["--against", "--criteria", "--watts", "--out", "--force"],
    "eval correct": ["--reason", "--way", "--as"],
    "eval side-by-side": ["--pairs", "--as", "--result", "--anew", "--json"],
    "eval from-csv": ["--owner", "--review-by", "--name", "--out", "--force"],
    "eval from-requests": [
        "--owner", "--review-by", "--consent", "--num", "--seed", "--out", "--force",
    ],
    "eval suites": ["--json"],
    "look at": [
        "--text", "--criteria", "--normal", "--find", "--ask", "--ask-model", "--processes",
        "--review", "--watch", "--ray", "--quiet", "--json",
    ],
    "look audit": ["--labels", "--json"],
    "look forget": ["--normal"],
    "look learnt": ["--json"],
    "look normal": ["--good", "--bad", "--limit", "--confidence", "--json"],
    "models registry": ["--json"],
    "models stage": ["--json"],
    "models propose": [
        "--owner", "--review-by", "--weights", "--licence-read-by", "--alias", "--canary",
        "--claims", "--pause-when-overdue", "--as",
    ],
    "models promote": ["--reason", "--as", "--json"],
    "models pause": ["--reason", "--as"],
    "models rollback": ["--reason", "--alias", "--as"],
    "models review": ["--until", "--reason", "--as"],
    "models waive": ["--reason", "--until", "--as"],
    "models card": ["--out", "--force"],
    "gate": ["--gate", "--json"],
    "due": ["--within", "--json"],
    "look report": ["--out", "--force"],
    "look runs": ["--json"],
    "look teach": [
        "--yes", "--no", "--precision", "--confidence", "--answers", "--reviewed", "--json",
    ],
    "look unsure": ["--out", "--run", "--force"],
    "watch reference": [
        "--last", "--since", "--until", "--run-length", "--window", "--json",
    ],
    "watch canary": ["--json"],
    "watch redraw": ["--json"],
    "watch run": ["--json"],
    "publish": ["--since", "--until", "--with-prompts"],
    "watch audits": ["--json"],
    "watch show": ["--json"],
    "edge-cases": ["--since", "--reason", "--words", "--export", "--json"],
    "rights add": [
        "--name", "--of", "--holder", "--title", "--licence", "--purpose", "--expires", "--url",
        "--picture", "--model", "--renews", "--json",
    ],
    "rights list": ["--kind", "--state", "--json"],
    "rights show": ["--json"],
    "rights withdraw": ["--reason", "--image", "--json"],
    "rights import": ["--model", "--json"],
    "rights affected": ["--json"],
    "rights erase": ["--reason"],
    "erase": ["--person", "--with-images", "--yes", "--reason", "--json"],
    "review list": ["--as", "--json"],
    "review next": ["--as", "--json"],
    "review claim": ["--as", "--json"],
    "review show": ["--as", "--json"],
    "review answer": ["--reason", "--open", "--as", "--json"],
    "review escalate": ["--as"],
    "review again": [],
    "review complain": ["--reason"],
    "review plant": ["--question"],
    "review stats": ["--json"],
}  # fmt: skip


def commands_of(group, prefix=""):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def test_the_commands_and_their_options_are_frozen():
    found = {
        name: [one.opts[0] for one in command.params if one.opts[0].startswith("--")]
        for name, command in commands_of(typer.main.get_command(app_of()))
    }
    assert found == OPTIONS


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput(), 2),
        (StorageUnavailable(), 2),
        (PictureBroken(), 5),
        (GeneratorUnavailable(), 5),
        (DrawingCancelled(), 130),
        (LedgerBroken(), 4),
        (WitnessRefused(), 4),
        (KeyRefused(), 2),
    ],
)
def test_every_error_has_its_exit_code(error, code):
    assert exit_code_of(error) == code


def test_generate_writes_a_picture_here(limner):
    result = limner("generate", "a red fox", "--seed", "1")
    assert result.stdout == "a-red-fox-1.png  seed 1  64x64  0.00 s\n"
    assert Path("a-red-fox-1.png").is_file()


def test_generate_quietly_prints_paths_only(limner):
    result = limner("generate", "a fox", "--n", "2", "--seed", "1", "--quiet")
    assert result.output == "a-fox-1.png\na-fox-2.png\n"


def test_generate_prints_one_json_object_a_picture(limner):
    result = limner("generate", "a fox", "--n", "2", "--seed", "1", "--out", "foxes", "--json")
    printed = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["path"], one["seed"]) for one in printed] == [
        ("foxes/a-fox-1.png", 1),
        ("foxes/a-fox-2.png", 2),
    ]


def test_generate_says_where_a_picture_went_whose_name_was_taken(limner):
    Path("fox.png").write_bytes(b"mine")
    result = limner("generate", "a fox", "--out", "fox.png")
    assert "the name was taken, so the picture is in 'fox-2.png'" in result.stderr
    assert Path("fox.png").read_bytes() == b"mine"


def test_generate_replaces_a_file_when_forced(limner):
    Path("fox.png").write_bytes(b"mine")
    limner("generate", "a fox", "--out", "fox.png", "--force")
    assert Path("fox.png").read_bytes().startswith(b"\x89PNG")


def test_generate_draws_a_contact_sheet_too(limner):
    limner("generate", "a fox", "--n", "4", "--out", "foxes", "--sheet", "sheet.png")
    with PillowImage.open("sheet.png") as sheet:
        assert sheet.width > 128


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["generate", ""], "The prompt is ''"),
        (["generate", "   "], "The prompt is '   '"),
        (["generate", "a\x1bfox"], r"The prompt holds '\x1b' at position 2"),
        (["generate", "one " * 13], "The prompt has 13 tokens; the first 12 are kept."),
        (["generate", "fox", "--n", "0"], "The number of pictures is 0; allowed are 1 to 64."),
        (["generate", "fox", "--n", "65"], "The number of pictures is 65; allowed are 1 to 64."),
        (["generate", "fox", "--size", "9999"], "The size is 9999x9999; allowed are 16 to 512"),
        (["generate", "fox", "--size", "wide"], "The size is 'wide'; allowed is 256 or 320x200."),
        (["generate", "fox", "--style", "cubist"], "Unknown style 'cubist'; allowed are plain"),
        (["generate", "fox", "--background", "reddish"], "The background is 'reddish'"),
        (["generate", "fox", "--format", "bmp"], "Unknown format 'bmp'"),
        (["generate", "fox", "--image", "gone.png"], "The picture 'gone.png' cannot be read"),
        (["generate", "fox", "--mask", "gone.png"], "The picture 'gone.png' cannot be read"),
        (["generate", "fox", "--outpaint", "1,2"], "The outpaint is '1,2'; allowed is left,top"),
        (["generate", "fox __mood__"], "Unknown wildcard 'mood'"),
        (["generate", "fox", "--n", "2", "--out", "a.png"], "but several pictures are asked for"),
        (["show", "gone.png"], "The picture 'gone.png' cannot be read"),
        (["redraw", "gone.png"], "The picture 'gone.png' cannot be read"),
        (["variations", "gone.png"], "The picture 'gone.png' cannot be read"),
        (["batch", "gone.csv"], "The batch file 'gone.csv' cannot be read"),
        (["grid", "fox", "--x", "colour=red", "--out", "g.png"], "The axis is 'colour=red'"),
    ],
)
def test_bad_input_is_one_sentence_with_exit_code_2(limner, arguments, sentence):
    result = limner(*arguments)
    assert (result.exit_code, sentence in result.stderr) == (2, True), result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments", [["generate", "fox", "--colour", "red"], ["generate", "fox", "--n", "many"]]
)
def test_an_unknown_option_or_value_has_exit_code_2(limner, arguments):
    assert limner(*arguments).exit_code == 2


def test_bad_input_writes_nothing(limner, painter):
    limner("generate", "fox", "--style", "cubist", "--out", "new/fox.png")
    assert (painter.num_drawn, list(Path().iterdir())) == (0, [])


def test_a_mask_of_another_size_is_refused(limner, photo):
    PillowImage.new("L", (41, 30), 255).save("mask.png")
    result = limner("generate", "fox", "--image", str(photo), "--mask", "mask.png")
    assert result.exit_code == 2
    assert "The mask is 41x30; it must have the size of the picture, 40x30." in result.stderr


def test_a_broken_picture_has_exit_code_5_and_names_its_seed(limner, painter):
    painter.faults = {7: "flat"}
    result = limner("generate", "fox", "--seed", "7")
    assert result.exit_code == 5
    assert "The picture with seed 7 came out flat (one colour) and was not kept." in result.stderr


def test_show_prints_the_recipe(limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png")
    lines = [line.split() for line in limner("show", "fox.png").stdout.splitlines()]
    assert ["prompt", "a", "fox"] in lines
    assert lines.index(["seed", "1"]) < lines.index(["ingredients"])


def test_show_as_json_has_the_parameters_text(limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png")
    shown = json.loads(limner("show", "fox.png", "--json").stdout)
    assert shown["parameters"].startswith("a fox\nSteps: 4, ")


def test_show_says_when_there_is_no_recipe(limner, photo):
    assert limner("show", str(photo)).stdout == f"{photo}: no recipe\n"


def test_redraw_says_that_the_bytes_are_identical(limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png")
    assert limner("redraw", "fox.png").stdout == "Identical: the same bytes.\n"


def test_redraw_as_json_has_the_comparison(limner):
    limner("generate", "a fox", "--seed", "1", "--n", "2", "--out", "foxes")
    printed = json.loads(limner("redraw", "foxes/a-fox-2.png", "--json").stdout)
    assert printed["comparison"]["is_same_pixels"] is True


def test_redraw_writes_the_picture_when_told_where(limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png")
    limner("redraw", "fox.png", "--out", "again.png")
    assert Path("again.png").read_bytes() == Path("fox.png").read_bytes()


def test_variations_draw_four_pictures(limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png")
    limner("variations", "fox.png", "--seed", "2", "--out", "more")
    assert len(list(Path("more").iterdir())) == 4


def test_batch_draws_rows_and_says_how_many_failed(limner):
    Path("rows.csv").write_text("prompt,style\na fox,plain\na cat,cubist\n")
    result = limner("batch", "rows.csv")
    assert result.exit_code == 2
    assert "1 of 2 rows failed" in result.stderr
    assert len(list(Path("rows").glob("0001-a-fox-*.png"))) == 1


def test_batch_with_a_broken_picture_has_exit_code_5(limner, painter):
    painter.faults = {1: "flat"}
    Path("rows.csv").write_text("prompt,seed\na fox,1\n")
    assert limner("batch", "rows.csv").exit_code == 5


def test_grid_writes_a_sheet(limner):
    result = limner("grid", "a fox", "--x", "seed=1..2", "--y", "steps=1,2", "--out", "grid.png")
    assert result.stdout == "grid.png\n"
    assert Path("grid.png").is_file()


def test_styles_come_from_the_card(limner):
    assert limner("styles").stdout == "plain\nstriped\n"


def test_settings_say_where_each_value_came_from(limner):
    assert "num_threads = 0  (default)\n" in limner("settings").stdout


def test_version_is_printed(limner):
    assert limner("version").stdout.startswith("limner 0.")


@pytest.mark.parametrize("asked", ["generate", "eval", "version"])
def test_the_command_asked_for_is_built_alone_and_is_the_same(asked):
    whole, narrow = (typer.main.get_command(one) for one in (app_of(), app_for(asked)))
    assert set(narrow.commands) == {asked}
    options_of = [[p.opts for p in one.commands[asked].params] for one in (whole, narrow)]
    assert options_of[0] == options_of[1]


@pytest.mark.parametrize("asked", ["", "--help", "generat"])
def test_every_command_is_there_where_none_is_asked_for(asked):
    names = typer.main.get_command(app_for(asked)).commands
    assert names.keys() == typer.main.get_command(app_of()).commands.keys()
