"""The installed command itself, in a process of its own."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def limner(tmp_path):
    def run(*arguments: str | bytes, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "limner", *arguments],
            cwd=tmp_path,
            env=os.environ | {"LIMNER_HOME": str(tmp_path / "home")} | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_help_imports_nothing_heavy(tmp_path):
    program = (
        "import sys\n"
        "from limner.faces.cli import app\n"
        "heavy = {'numpy', 'sqlalchemy', 'PIL', 'openvino', 'pydantic', 'alembic'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.stdout == "[]\n"


def test_help_lists_the_commands(limner):
    assert "generate" in limner("--help").stdout


def test_version_prints_the_version(limner):
    assert limner("version").stdout.startswith("limner 0.")


def test_a_bad_setting_is_one_sentence_with_exit_code_2(limner):
    finished = limner("settings", LIMNER_NUM_THREADS="many")
    assert finished.returncode == 2
    assert finished.stderr.startswith("limner: Setting 'num_threads' in LIMNER_NUM_THREADS")


def test_a_reader_that_goes_away_is_not_told_off():
    command = f"{sys.executable} -m limner settings | true"
    finished = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert finished.stderr == ""


def test_what_nobody_foresaw_is_one_sentence_with_exit_code_5():
    program = (
        "import limner.__main__ as entry\n"
        "def broken(asked):\n"
        "    raise ZeroDivisionError('division by zero')\n"
        "entry.app_for = broken\n"
        "entry.main()\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    sentence = "limner: this should not happen: ZeroDivisionError: division by zero\n"
    assert (finished.returncode, finished.stderr) == (5, sentence)
