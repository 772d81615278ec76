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
        "from limner.faces.cli import app_of\n"
        "app_of()\n"
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


def test_the_name_of_a_file_is_printed_as_it_is():
    code = "from limner.__main__ import main\nimport limner.faces.cli as cli, sys\n"
    code += "cli.app_for = lambda name: lambda **_: print('caf\\udce9.png')\nmain()\n"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
    )
    assert (ran.returncode, ran.stdout) == (0, b"caf\xe9.png\n")


def test_what_nobody_foresaw_is_one_sentence_with_exit_code_5():
    program = (
        "import limner.__main__ as entry\n"
        "import limner.faces.cli as cli\n"
        "def broken(asked):\n"
        "    raise ZeroDivisionError('division by zero')\n"
        "cli.app_for = broken\n"
        "entry.main()\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    sentence = "limner: this should not happen: ZeroDivisionError: division by zero\n"
    assert (finished.returncode, finished.stderr) == (5, sentence)


def test_garbage_is_looked_for_again_once_it_has_started_and_in_a_fork_at_once():
    program = (
        "import gc, os, sys, threading\n"
        "import limner.__main__ as entry\n"
        "entry._leave_garbage(0.2)\n"
        "is_off = not gc.isenabled()\n"
        "if os.fork() == 0:\n"
        "    os._exit(not gc.isenabled())\n"
        "is_on_in_fork = os.wait()[1] == 0\n"
        "next(one for one in threading.enumerate() if one.name == 'garbage').join()\n"
        "print(is_off, is_on_in_fork, gc.isenabled(), gc.get_freeze_count() > 0)\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.stdout == "True True True True\n", finished.stderr
