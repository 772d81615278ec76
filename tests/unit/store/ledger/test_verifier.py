"""The verifier that ships with an export, run as strangers run it: with Python and nothing else."""

import ast
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from ledgers import ON_SQLITE, at

from limner.store.ledger import verifier
from limner.store.ledger.notes import Checkpoint, Note, Purpose, SigningKey
from limner.store.ledger.tree import leaf_hash
from limner.store.ledger.witness import Witness

SOURCE = Path(verifier.__file__)

# RFC 8032 section 7.1: public key, message, signature.
RFC_8032 = {
    "test 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "test 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "test 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "test sha(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
        "feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
        "31e0303dca179c138ac17ad9bef1177331a704",
    ),
}


@pytest.fixture
def exported(ledger, fill, tmp_path):
    fill(600)
    folder = tmp_path / "export"
    ledger.export(folder)
    return folder


def run(folder, *arguments):
    """The shipped script, isolated: no packages, no environment, no current folder."""
    script = folder / "verify.py" if folder.is_dir() else SOURCE
    return subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(folder), *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_the_verifier_has_less_than_150_lines():
    assert len(SOURCE.read_text().splitlines()) < 150


def test_the_verifier_imports_the_standard_library_only():
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(SOURCE.read_text()))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def test_the_shipped_verifier_is_ours(exported):
    assert (exported / "verify.py").read_bytes() == SOURCE.read_bytes()


@pytest.mark.parametrize("name", RFC_8032)
def test_published_signatures_are_good(name):
    assert verifier.is_signed(*map(bytes.fromhex, RFC_8032[name]))


@pytest.mark.parametrize("bit", [*range(0, 512, 37), 511])
def test_a_signature_with_a_flipped_bit_is_not_good(bit):
    public, message, signature = map(bytes.fromhex, RFC_8032["test 3"])
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        is_good = verifier.is_signed(public, message, bytes(changed))
    except ValueError:
        is_good = False
    assert not is_good


def test_a_signature_whose_scalar_is_too_large_is_not_good():
    public, message, signature = map(bytes.fromhex, RFC_8032["test 3"])
    s = int.from_bytes(signature[32:], "little") + verifier.Q
    assert not verifier.is_signed(public, message, signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("message", [b"", b"a", b"message" * 100])
def test_signatures_of_the_library_are_good(message):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes_raw()
    assert verifier.is_signed(public, message, key.sign(message))
    assert not verifier.is_signed(public, message + b"!", key.sign(message))


def test_a_good_export_is_good(exported, ledger):
    ran = run(exported, ledger.key())
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"Good. {ledger.origin()} has 602 entries, and none was changed.\n"


def test_without_a_key_nothing_is_good(exported):
    ran = run(exported)
    assert ran.returncode == 4
    assert "Give the ledger's key" in ran.stdout


def test_another_key_is_not_good(exported, ledger):
    ran = run(exported, SigningKey(ledger.origin(), Purpose.NOTE, b"s" * 32).verifier)
    assert ran.returncode == 4
    assert "The checkpoint is not signed by" in ran.stdout


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/90"])
def test_a_changed_entry_is_told(exported, ledger, path):
    content = (exported / path).read_bytes()
    (exported / path).write_bytes(content.replace(b'"number":', b'"mumber":', 1))
    ran = run(exported, ledger.key())
    assert (ran.returncode, ran.stdout) == (
        4,
        "BROKEN. The entries are not those that were signed.\n",
    )


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/002.p/90"])
def test_a_last_entry_said_to_be_longer_than_it_is_is_told(exported, ledger, path):
    bundle = bytearray((exported / path).read_bytes())
    place = 0
    while (after := place + 2 + int.from_bytes(bundle[place : place + 2])) < len(bundle):
        place = after
    bundle[place] |= 0x40
    (exported / path).write_bytes(bundle)
    ran = run(exported, ledger.key())
    assert ran.returncode == 4
    assert "The entries are not those that were signed." in ran.stdout


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/90", "tile/1/000.p/2"])
def test_a_changed_hash_is_told(exported, ledger, path):
    content = bytearray((exported / path).read_bytes())
    content[5] ^= 1
    (exported / path).write_bytes(content)
    ran = run(exported, ledger.key())
    assert ran.returncode == 4
    assert "are not those of the entries" in ran.stdout


@pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/001", "checkpoint"])
def test_a_missing_file_is_told(exported, ledger, path):
    (exported / path).unlink()
    ran = run(exported, ledger.key())
    assert (ran.returncode, ran.stderr) == (4, "")


def test_an_earlier_checkpoint_that_it_goes_on_from_is_good(exported, ledger, fill, tmp_path):
    (tmp_path / "kept").write_text(str(ledger.note()))
    fill(10, start=600)
    ledger.export(exported)
    assert run(exported, ledger.key(), tmp_path / "kept").returncode == 0


@ON_SQLITE
def test_a_fork_from_an_earlier_checkpoint_is_told(
    exported, ledger, fill, tmp_path, copy_home, open_copy
):
    fork = open_copy(copy_home("fork")).ledger
    fill(10, start=600)
    (tmp_path / "kept").write_text(str(ledger.note()))
    for k in range(20):
        fork.append("note", {"other": k}, recorded_at=at(100 + k))
    fork.sign(at(130))
    fork.export(exported)
    ran = run(exported, ledger.key(), tmp_path / "kept")
    assert ran.returncode == 4
    assert "cut short, rewritten or forked: it had 613 other entries" in ran.stdout


def test_a_proof_too_short_for_the_size_is_told(tmp_path):
    key = SigningKey("example.com/log", Purpose.NOTE, b"k" * 32)
    text = Checkpoint(key.name, 8, leaf_hash(b"entry")).text
    proof = f"c2sp.org/tlog-proof@v1\nextra {b64encode(b'entry').decode()}\nindex 0\n"
    path = tmp_path / "short.tlog-proof"
    path.write_text(f"{proof}\n{Note(text, (key.sign(text),))}")
    with pytest.raises(ValueError, match="not in the ledger that was signed"):
        verifier.check_proof(path, [str(key.verifier)])


def test_a_proof_is_not_held_against_an_earlier_checkpoint(tmp_path):
    key = SigningKey("example.com/log", Purpose.NOTE, b"k" * 32)
    text = Checkpoint(key.name, 1, leaf_hash(b"entry")).text
    note, path = Note(text, (key.sign(text),)), tmp_path / "entry.tlog-proof"
    path.write_text(
        f"c2sp.org/tlog-proof@v1\nextra {b64encode(b'entry').decode()}\nindex 0\n\n{note}"
    )
    (tmp_path / "kept").write_text(str(note))
    assert run(path, key.verifier).returncode == 0
    ran = run(path, key.verifier, tmp_path / "kept")
    assert ran.returncode == 4
    assert "Only a whole ledger can be held against an earlier checkpoint" in ran.stdout


def test_a_witness_that_cosigned_is_believed(exported, ledger, tmp_path):
    witness = Witness(tmp_path / "witness")
    cosigned = witness.cosign(
        ledger.note(), ledger.prove_consistency, now=at(1), claimed_key=ledger.key()
    )
    ledger.add_cosignature(602, cosigned.signature)
    ledger.export(exported)
    assert run(exported, ledger.key(), witness.key).returncode == 0


def test_a_witness_that_did_not_cosign_is_told(exported, ledger, tmp_path):
    ran = run(exported, ledger.key(), Witness(tmp_path / "witness").key)
    assert ran.returncode == 4
    assert "not signed by limner/witness/" in ran.stdout


def test_started_with_nothing_it_says_how(exported):
    ran = subprocess.run([sys.executable, str(SOURCE)], capture_output=True, text=True)
    assert ran.returncode != 0
    assert "python verify.py FOLDER_OR_PROOF KEY" in ran.stderr


@ON_SQLITE
def test_a_ledger_of_more_than_65_536_entries_is_verified(ledger, fill, tmp_path):
    for start in range(0, 70_000, 35_000):
        fill(35_000, start=start)
    ledger.export(tmp_path / "export")
    said = verifier.check_folder(tmp_path / "export", [str(ledger.key())])
    assert said.endswith("has 70003 entries, and none was changed.")
