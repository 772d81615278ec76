"""`limner log` in processes of its own: on pictures that were drawn, tampered with, restored."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

PAINTED = Path(__file__).parents[1] / "painted_limner.py"


@pytest.fixture
def limner(tmp_path):
    """Run the command on the painted generator: ``limner("log", "verify").returncode``."""

    def run(*arguments, home="home"):
        return subprocess.run(
            [sys.executable, str(PAINTED), *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"LIMNER_HOME": str(tmp_path / home)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def drawn(limner):
    """Three pictures in the folder ``foxes``, and a ledger that tells of them."""
    ran = limner("generate", "a fox", "--n", "3", "--seed", "1", "--out", "foxes")
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def tamper(tmp_path):
    def tamper(statement):
        with closing(sqlite3.connect(tmp_path / "home" / "limner.sqlite3")) as connection:
            connection.execute("DROP TRIGGER ledger_entries_no_update")
            connection.execute(statement)
            connection.commit()

    return tamper


def backup(tmp_path, name):
    with closing(sqlite3.connect(tmp_path / "home" / "limner.sqlite3")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "home", tmp_path / name)


def key_in(folder):
    return (folder / "log.vkey").read_text().strip()


def run_verifier(tmp_path, *arguments):
    return subprocess.run(
        [sys.executable, "-I", "-S", "export/verify.py", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


def test_every_drawn_picture_is_an_entry(limner, drawn):
    shown = limner("log", "show", "--kind", "image_stored", "--json")
    entries = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [one["kind"] for one in entries] == ["image_stored"] * 3


def test_an_unheard_of_kind_shows_nothing(limner, drawn):
    shown = limner("log", "show", "--kind", "review")
    assert (shown.returncode, shown.stdout) == (0, "")


def test_a_ledger_that_holds_is_said_to_hold(limner, drawn):
    limner("log", "checkpoint")
    ran = limner("log", "verify")
    assert ran.returncode == 0
    assert "The ledger holds: every entry and every signature fits." in ran.stdout


def test_an_empty_ledger_is_said_to_be_empty(limner):
    assert limner("log", "verify").stdout == "The ledger is empty.\n"


def test_a_checkpoint_of_an_empty_ledger_is_one_sentence(limner):
    ran = limner("log", "checkpoint")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr == "The ledger is empty: nothing was stored yet.\n"


def test_a_tampered_ledger_is_broken_with_exit_code_4(limner, drawn, tamper):
    limner("log", "checkpoint")
    tamper("UPDATE ledger_entries SET entry = replace(entry, '64x64', '32x32') WHERE position = 1")
    ran = limner("log", "verify")
    assert ran.returncode == 4
    assert "BROKEN: Entry 1 (image_stored) was changed: its text has another hash." in ran.stdout
    assert "The ledger does not hold" in ran.stdout


def test_a_tampered_ledger_is_told_as_json_too(limner, drawn, tamper):
    limner("log", "checkpoint")
    tamper("UPDATE ledger_entries SET entry = 'forged' WHERE position = 2")
    ran = limner("log", "verify", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["is_good"]) == (4, False)


def test_an_export_is_verified_without_our_package(limner, drawn, tmp_path):
    assert limner("log", "export", "export").returncode == 0
    ran = run_verifier(tmp_path, "export", key_in(tmp_path / "export"))
    assert (ran.returncode, "has 15 entries, and none was changed" in ran.stdout) == (0, True)


def test_a_tampered_export_is_broken_without_our_package(limner, drawn, tmp_path):
    limner("log", "export", "export")
    path = tmp_path / "export" / "tile" / "entries" / "000.p" / "15"
    path.write_bytes(path.read_bytes().replace(b"64x64", b"32x32", 1))
    ran = run_verifier(tmp_path, "export", key_in(tmp_path / "export"))
    assert (ran.returncode, ran.stdout[:6]) == (4, "BROKEN")


def test_a_picture_file_is_proven_to_be_in_the_ledger(limner, drawn, tmp_path):
    limner("log", "export", "export")
    ran = limner("log", "prove", "foxes/a-fox-2.png", "--out", "fox.tlog-proof")
    assert (ran.returncode, ran.stdout) == (0, "fox.tlog-proof\n")
    checked = run_verifier(tmp_path, "fox.tlog-proof", key_in(tmp_path / "export"))
    assert (checked.returncode, checked.stdout[:22]) == (0, "Good. This is entry 6:")


def test_a_proof_of_another_entry_is_broken(limner, drawn, tmp_path):
    limner("log", "export", "export")
    proof = limner("log", "prove", "2").stdout.replace("index 2", "index 1")
    (tmp_path / "bad.tlog-proof").write_text(proof)
    checked = run_verifier(tmp_path, "bad.tlog-proof", key_in(tmp_path / "export"))
    assert checked.stdout == "BROKEN. The entry is not in the ledger that was signed.\n"


def test_an_edited_picture_cannot_be_proven(limner, drawn, tmp_path):
    with (tmp_path / "foxes" / "a-fox-1.png").open("ab") as file:
        file.write(b"edited")
    ran = limner("log", "prove", "foxes/a-fox-1.png")
    assert ran.returncode == 2
    assert "an edited or re-saved file has another image_id" in ran.stderr


def test_what_the_ledger_goes_on_from_is_proven(limner, drawn):
    ran = limner("log", "prove", "--since", "3")
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "old 3")


def test_a_witness_refuses_a_ledger_restored_from_an_old_backup(limner, drawn, tmp_path):
    limner("log", "checkpoint")
    backup(tmp_path, "backup")
    limner("generate", "a cat", "--seed", "9")
    assert limner("log", "witness", "--folder", "witness").returncode == 0
    ran = limner("log", "witness", "--folder", "witness", home="backup")
    assert ran.returncode == 4
    assert "it was cut short or restored from an old backup" in ran.stderr


def test_a_witness_refuses_an_old_backup_that_was_worked_on(limner, drawn, tmp_path):
    limner("log", "checkpoint")
    backup(tmp_path, "backup")
    limner("generate", "a cat", "--seed", "9")
    limner("log", "witness", "--folder", "witness")
    limner("generate", "a dog", "--n", "5", "--seed", "9", home="backup")
    ran = limner("log", "witness", "--folder", "witness", home="backup")
    assert ran.returncode == 4
    assert "The ledger is not the one the witness cosigned before" in ran.stderr


def test_verifying_with_a_witness_finds_an_old_backup(limner, drawn, tmp_path):
    limner("log", "checkpoint")
    backup(tmp_path, "backup")
    limner("generate", "a cat", "--seed", "9")
    limner("log", "witness", "--folder", "witness")
    alone = limner("log", "verify", home="backup")
    ran = limner("log", "verify", "--witness", "witness", home="backup")
    assert (alone.returncode, ran.returncode) == (0, 4)
    assert "BROKEN: A checkpoint of 20 entries was signed, but there are only 15" in ran.stdout


def test_a_witness_of_an_export_needs_no_data_folder(limner, drawn, tmp_path):
    limner("log", "export", "export")
    ran = limner("log", "witness", "--folder", "witness", "--export", "export", home="nowhere")
    assert ran.returncode == 0
    assert "first seen now" in ran.stdout
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["prove"], 2, "Give what is to be proven, or --since: one of the two."),
        (["prove", "1", "--since", "1"], 2, "Give what is to be proven, or --since"),
        (["prove", "99"], 2, "There is no entry 99; there are 15, from 0."),
        (["prove", "sha256:00"], 2, "The ledger has no 'image_stored' entry about 'sha256:00'."),
        (["prove", "1", "--out", "foxes/a-fox-1.png"], 2, "is there already; nothing was replaced"),
        (["prove", "--since", "99"], 2, "The number of entries is 99; allowed are 0 to 15."),
        (["verify", "--witness", "nobody"], 2, "There is no witness in 'nobody'."),
        (["witness", "--folder", "w", "--log-key", "x"], 2, "The key of the ledger is 'x'"),
        (["witness", "--folder", "w", "--export", "gone"], 4, "no checkpoint to read in 'gone'"),
        (["export", "foxes/a-fox-1.png"], 2, "Cannot write 'foxes/a-fox-1.png'"),
        (["show", "--last", "0"], 2, "Invalid value for '--last'"),
    ],
)
def test_bad_input_is_one_sentence(limner, drawn, arguments, code, sentence):
    ran = limner("log", *arguments)
    assert (ran.returncode, sentence in ran.stderr, ran.stdout) == (code, True, ""), ran.stderr


@pytest.mark.parametrize("command", [["prove", "0"], ["export", "e"], ["witness", "--folder", "w"]])
def test_an_empty_ledger_is_one_sentence(limner, command):
    ran = limner("log", *command)
    assert ran.returncode == 2


def test_a_key_that_others_can_read_is_one_sentence(limner, drawn, tmp_path):
    limner("log", "checkpoint")
    (tmp_path / "home" / "keys" / "ledger.key").chmod(0o644)
    ran = limner("generate", "a cat", "--seed", "9")
    assert (ran.returncode, "has mode 0644" in ran.stderr) == (2, True)
    assert not (tmp_path / "a-cat-9.png").exists()
    assert "chmod 600" in ran.stderr


def test_verifying_tells_of_a_key_that_others_can_read(limner, drawn, tmp_path):
    limner("log", "checkpoint")
    (tmp_path / "home" / "keys" / "ledger.key").chmod(0o644)
    ran = limner("log", "verify")
    assert (ran.returncode, "note: The key file" in ran.stdout) == (0, True)


def test_reconciling_finds_no_gap(limner, drawn):
    ran = limner("log", "reconcile")
    assert ran.returncode == 0
    assert ran.stdout.endswith("older than the ledger.\nNo gaps.\n")


def test_reconciling_names_a_missing_file(limner, drawn, tmp_path):
    path = next((tmp_path / "home" / "blobs").glob("??/*.png"))
    path.unlink()
    ran = limner("log", "reconcile", "--json")
    gaps = json.loads(ran.stdout)["gaps"]
    assert (ran.returncode, [one["gap"] for one in gaps]) == (4, ["file_missing"])
    assert path.name in gaps[0]["sentence"]


def test_two_drawing_processes_share_one_ledger(limner, tmp_path):
    environment = os.environ | {"LIMNER_HOME": str(tmp_path / "home")}
    command = [sys.executable, str(PAINTED), "generate", "a fox", "--n", "20", "--quiet"]
    running = [
        subprocess.Popen(
            [*command, "--seed", seed, "--out", folder],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        for seed, folder in (("100", "one"), ("200", "two"))
    ]
    assert [one.wait(timeout=120) for one in running] == [0, 0]
    limner("log", "checkpoint")
    found = [limner("log", command).returncode for command in ("verify", "reconcile")]
    shown = limner("log", "show", "--kind", "image_stored", "--last", "99", "--json")
    assert (found, len(shown.stdout.splitlines())) == ([0, 0], 40)
