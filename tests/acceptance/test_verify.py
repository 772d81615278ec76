"""`limner verify` and `limner keys` in processes of their own, on files a stranger might send."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as PillowImage
from sealing import FACTS, encoded, flipped, read_clock

from limner.provenance.credential import Placement, seal
from limner.provenance.keys import KeyFolder
from limner.provenance.signers import own_signer

PNG, JPEG = "image/png", "image/jpeg"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def limner(home, here):
    """Run the installed command: ``limner("verify", path).returncode``."""

    def run(*arguments, **variables):
        return subprocess.run(
            [sys.executable, "-m", "limner", *map(str, arguments)],
            cwd=here,
            env=os.environ | {"LIMNER_HOME": str(home)} | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def sealed(home):
    """Bytes of a file sealed with the keys of ``home``."""

    def of(media_type=PNG, facts=FACTS, **more):
        signer = own_signer(KeyFolder(home / "keys" / "seal").open(read_clock()))
        return seal(encoded(media_type), media_type, facts, signer, read_clock=read_clock, **more)

    return of


def bomb():
    content = io.BytesIO()
    PillowImage.new("1", (40_000, 40_000)).save(content, "PNG")
    return content.getvalue()


def test_a_sealed_file_is_trusted_with_exit_code_0(limner, sealed, here):
    Path(here / "fox.png").write_bytes(sealed().content)
    ran = limner("verify", "fox.png")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Trusted" in ran.stdout


def test_a_tampered_file_has_exit_code_4_and_says_why(limner, sealed, here):
    content = sealed().content
    Path(here / "fox.png").write_bytes(flipped(content, 8 * len(content) - 400))
    ran = limner("verify", "fox.png")
    assert ran.returncode == 4
    assert "Tampered" in ran.stdout
    assert "assertion.dataHash.mismatch" in ran.stdout


def test_a_file_from_another_install_has_exit_code_3(limner, tmp_path, here):
    other = own_signer(KeyFolder(tmp_path / "other").open(read_clock()))
    content = seal(encoded(PNG), PNG, FACTS, other, read_clock=read_clock).content
    Path(here / "fox.png").write_bytes(content)
    ran = limner("verify", "fox.png")
    assert ran.returncode == 3
    assert "Intact, signer unknown" in ran.stdout


def test_a_file_without_credential_has_exit_code_3_and_proves_nothing(limner, here):
    Path(here / "fox.png").write_bytes(encoded(PNG))
    ran = limner("verify", "fox.png")
    assert ran.returncode == 3
    assert "This proves nothing" in ran.stdout


@pytest.mark.parametrize(
    "content", [b"", b"hello", encoded(PNG)[:200], bomb()], ids=["empty", "text", "cut", "bomb"]
)
def test_what_cannot_be_read_has_exit_code_2(limner, here, content):
    Path(here / "fox.png").write_bytes(content)
    ran = limner("verify", "fox.png")
    assert ran.returncode == 2
    assert "Unreadable" in ran.stdout


def test_a_missing_file_is_one_sentence_with_exit_code_2(limner):
    ran = limner("verify", "gone.png")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert (
        ran.stderr == "limner: The picture 'gone.png' cannot be read: no such file or directory.\n"
    )


def test_json_has_state_reasons_and_claims(limner, sealed, here):
    Path(here / "fox.jpg").write_bytes(sealed(JPEG).content)
    said = json.loads(limner("verify", "fox.jpg", "--json").stdout)
    assert (said["state"], said["format"], said["reasons"]) == ("trusted", "JPEG", [])
    assert said["claims"]["oversight"] == "prompt_guided"
    assert said["stamped_at"].endswith("+00:00")


def test_a_sidecar_verifies_the_file_beside_it(limner, sealed, here):
    beside = sealed(placement=Placement.BESIDE)
    Path(here / "fox.png").write_bytes(beside.content)
    Path(here / "elsewhere.c2pa").write_bytes(beside.sidecar)
    assert limner("verify", "fox.png").returncode == 3
    assert limner("verify", "fox.png", "--sidecar", "elsewhere.c2pa").returncode == 0
    Path(here / "fox.c2pa").write_bytes(beside.sidecar)
    assert limner("verify", "fox.png").returncode == 0


def test_a_name_that_lies_about_the_type_is_told(limner, sealed, here):
    Path(here / "fox.png").write_bytes(sealed(JPEG).content)
    ran = limner("verify", "fox.png")
    assert ran.returncode == 0
    assert "the file is JPEG" in ran.stdout


def test_text_in_a_file_cannot_command_the_terminal(limner, tmp_path, here):
    other = own_signer(KeyFolder(tmp_path / "other").open(read_clock()))
    facts = replace(FACTS, model_name="\x1b[2J[bold]model[/bold]")
    content = seal(encoded(PNG), PNG, facts, other, read_clock=read_clock).content
    Path(here / "fox.png").write_bytes(content)
    said = limner("verify", "fox.png").stdout
    assert "\x1b" not in said
    assert "[bold]model[/bold]" in said


def test_a_library_in_the_current_folder_is_not_loaded(limner, sealed, here):
    planted = here / "libs"
    planted.mkdir()
    for folder in (here, planted):
        for name in ("libc2pa_c.so", "libc2pa_c.dylib", "c2pa_c.dll"):
            (folder / name).write_bytes(b"not a library")
    Path(here / "fox.png").write_bytes(sealed().content)
    assert limner("verify", "fox.png").returncode == 0


def test_a_proxy_in_the_environment_does_not_stop_time_stamps(home, here):
    program = (
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from sealing import FACTS, encoded, read_clock\n"
        "from limner.provenance.credential import seal\n"
        "from limner.provenance.keys import KeyFolder\n"
        "from limner.provenance.signers import own_signer\n"
        f"signer = own_signer(KeyFolder(Path({str(home)!r})).open(read_clock()))\n"
        "made = seal(encoded('image/png'), 'image/png', FACTS, signer, read_clock=read_clock)\n"
        "print(made.stamped_at is not None)\n"
    )
    variables = {"http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=here,
        env=os.environ | variables | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout == "True\n", ran.stderr


def test_keys_are_shown_without_anything_private(limner):
    ran = limner("keys", "show")
    assert ran.returncode == 0
    roles = [line.split()[0] for line in ran.stdout.splitlines()]
    assert roles == ["root", "signer", "time-stamp"]
    assert "PRIVATE" not in ran.stdout + ran.stderr


def test_what_was_sealed_before_a_rotation_is_trusted_after_it(limner, sealed, here):
    Path(here / "fox.png").write_bytes(sealed().content)
    assert limner("keys", "rotate").returncode == 0
    assert limner("verify", "fox.png").returncode == 0


def test_an_exported_root_is_trusted_elsewhere(limner, sealed, tmp_path, here):
    Path(here / "fox.png").write_bytes(sealed().content)
    Path(here / "root.pem").write_text(limner("keys", "export-root").stdout)
    elsewhere = {"LIMNER_HOME": str(tmp_path / "elsewhere")}
    assert limner("verify", "fox.png", **elsewhere).returncode == 3
    assert limner("keys", "trust", "root.pem", **elsewhere).returncode == 0
    assert limner("verify", "fox.png", **elsewhere).returncode == 0


def test_a_key_that_others_can_read_is_one_sentence_with_exit_code_2(limner, sealed, home):
    sealed()
    key = home / "keys" / "seal" / "0001" / "signer.pem"
    key.chmod(0o644)
    ran = limner("keys", "show")
    assert ran.returncode == 2
    first, second = ran.stderr.splitlines()
    assert first.startswith(f"limner: The key file {str(key)!r} has mode 0644;")
    assert "chmod 600" in second


def test_a_key_that_others_can_read_does_not_stop_verifying(limner, sealed, home, here):
    Path(here / "fox.png").write_bytes(sealed().content)
    (home / "keys" / "seal" / "0001" / "signer.pem").chmod(0o644)
    assert limner("verify", "fox.png").returncode == 0
