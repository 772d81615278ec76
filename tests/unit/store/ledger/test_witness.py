"""A witness cosigns what goes on from what it saw, and nothing else."""

import shutil
from datetime import timedelta

import pytest
from ledgers import ON_SQLITE, at

from limner.core.errors import KeyRefused, LedgerBroken, WitnessRefused
from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    Purpose,
    SigningKey,
    cosigned_at,
    parse_checkpoint,
)
from limner.store.ledger.tiles import read_export
from limner.store.ledger.tree import consistency_proof
from limner.store.ledger.witness import Witness


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "witness"


@pytest.fixture
def witness(folder):
    return Witness(folder)


def cosign(witness, ledger, now=None, **options):
    return witness.cosign(
        ledger.note(),
        ledger.prove_consistency,
        now=now or at(1000),
        claimed_key=ledger.key(),
        **options,
    )


def test_the_first_sight_is_told(witness, ledger, fill):
    fill(3)
    cosigned = cosign(witness, ledger)
    assert (cosigned.is_first, cosigned.num_before, cosigned.checkpoint.num_entries) == (True, 0, 5)


def test_a_ledger_that_goes_on_is_cosigned(witness, ledger, fill):
    fill(300)
    cosign(witness, ledger)
    fill(300, start=300)
    cosigned = cosign(witness, ledger)
    assert (cosigned.is_first, cosigned.num_before) == (False, 302)


def test_a_cosignature_holds_for_the_witness_key(witness, ledger, fill):
    fill(3)
    signature = cosign(witness, ledger).signature
    note = ledger.note().signed_also(signature)
    assert witness.key.signature_on(note) == signature


def test_a_cosignature_has_the_time_of_the_witness(witness, ledger, fill):
    fill(3)
    assert cosigned_at(cosign(witness, ledger, at(77)).signature) == at(77)


def test_a_cosignature_is_kept_beside_its_checkpoint(witness, ledger, fill):
    fill(3)
    cosigned = cosign(witness, ledger)
    ledger.add_cosignature(5, cosigned.signature)
    assert witness.key.signature_on(ledger.note()) is not None


def test_the_same_state_is_cosigned_again(witness, ledger, fill):
    fill(3)
    cosign(witness, ledger, at(1000))
    assert cosign(witness, ledger, at(2000)).num_before == 5


def test_a_witness_remembers_in_another_process(folder, witness, ledger, fill):
    fill(3)
    cosign(witness, ledger)
    assert Witness(folder).remembered(ledger.origin()).checkpoint.num_entries == 5


def test_a_witness_watches_several_ledgers(witness, ledger, fill, tmp_path, open_copy):
    fill(3)
    other = open_copy(tmp_path / "other")
    other.append("note", {}, recorded_at=at(0))
    other.ledger.sign(at(1))
    cosign(witness, ledger)
    cosign(witness, other.ledger)
    assert sorted(witness.origins()) == sorted([ledger.origin(), other.ledger.origin()])


@ON_SQLITE
def test_a_ledger_restored_from_an_old_backup_is_refused(
    witness, ledger, fill, copy_home, open_copy
):
    fill(3)
    backup = copy_home("backup")
    fill(3, start=3)
    cosign(witness, ledger)
    with pytest.raises(WitnessRefused, match=r"5 entries, but the witness saw 9 on .* old backup"):
        cosign(witness, open_copy(backup).ledger)


@ON_SQLITE
def test_an_old_backup_that_grew_beyond_what_was_seen_is_refused(
    witness, ledger, fill, copy_home, open_copy
):
    fill(3)
    backup = copy_home("backup")
    fill(3, start=3)
    cosign(witness, ledger)
    restored = open_copy(backup).ledger
    for k in range(20):
        restored.append("note", {"other": k}, recorded_at=at(k))
    restored.sign(at(30))
    with pytest.raises(WitnessRefused, match="its first 9 entries are others than on"):
        cosign(witness, restored)


@ON_SQLITE
def test_a_fork_of_the_same_size_is_refused(witness, ledger, fill, copy_home, open_copy):
    fill(3, is_signed=False)
    ledger.sign(at(1))
    fork = open_copy(copy_home("fork")).ledger
    for one, name in ((ledger, "this"), (fork, "that")):
        one.append("note", {"branch": name}, recorded_at=at(2))
        one.sign(at(3))
    cosign(witness, ledger)
    with pytest.raises(WitnessRefused, match="it has 7 other entries than on") as raised:
        cosign(witness, fork)
    assert raised.value.code == "forked"


@ON_SQLITE
def test_a_refused_checkpoint_is_not_remembered(witness, ledger, fill, copy_home, open_copy):
    fill(3)
    backup = copy_home("backup")
    fill(3, start=3)
    cosign(witness, ledger)
    with pytest.raises(WitnessRefused):
        cosign(witness, open_copy(backup).ledger)
    assert witness.remembered(ledger.origin()).checkpoint.num_entries == 9


def test_a_ledger_rewritten_and_signed_with_its_own_key_is_refused(witness, ledger, fill, home):
    fill(6)
    cosign(witness, ledger)
    thief = SigningKey.parse((home / "keys" / "ledger.key").read_text())
    text = Checkpoint(ledger.origin(), 8, b"x" * 32).text
    with pytest.raises(WitnessRefused, match="is not the one the witness cosigned before"):
        witness.cosign(
            Note(text, (thief.sign(text),)),
            ledger.prove_consistency,
            now=at(2000),
            claimed_key=thief.verifier,
        )


def test_a_checkpoint_by_another_key_is_refused(witness, ledger, fill):
    fill(3)
    cosign(witness, ledger)
    thief = SigningKey(ledger.origin(), Purpose.NOTE, b"t" * 32)
    text = ledger.note().text
    with pytest.raises(WitnessRefused, match="not signed by the key the witness knows"):
        witness.cosign(
            Note(text, (thief.sign(text),)),
            ledger.prove_consistency,
            now=at(2000),
            claimed_key=thief.verifier,
        )


def test_a_rotated_key_is_believed_only_when_a_person_says_so(witness, ledger, fill):
    fill(3)
    cosign(witness, ledger)
    ledger.rotate_key(at(900))
    fill(3, start=10_000)
    with pytest.raises(WitnessRefused, match="not signed by the key the witness knows"):
        cosign(witness, ledger, at(9000))
    assert cosign(witness, ledger, at(9000), log_key=ledger.key()).num_before == 5


def test_a_proof_that_cannot_be_made_is_a_refusal(witness, ledger, fill, tamper):
    fill(300)
    cosign(witness, ledger)
    fill(300, start=300)
    tamper("DELETE FROM ledger_entries WHERE position BETWEEN 290 AND 310")
    with pytest.raises(WitnessRefused, match="cannot prove that it goes on"):
        cosign(witness, ledger)


def test_a_clock_that_jumped_back_is_refused(witness, ledger, fill):
    fill(3)
    cosign(witness, ledger, at(1000))
    with pytest.raises(WitnessRefused, match=r"before the last cosignature on .* it jumped back"):
        cosign(witness, ledger, at(1000) - timedelta(hours=1))


def test_what_is_no_checkpoint_is_refused(witness, ledger, fill):
    fill(3)
    with pytest.raises(WitnessRefused, match="This is no checkpoint"):
        witness.cosign(
            Note("hello\n", ()), ledger.prove_consistency, now=at(1), claimed_key=ledger.key()
        )


def test_a_lost_witness_key_is_not_made_anew(folder, witness):
    (folder / "witness.key").unlink()
    with pytest.raises(KeyRefused, match=r"witness\.key' is missing"):
        Witness(folder)


def test_a_witness_key_that_others_can_use_is_refused(folder, witness):
    (folder / "witness.key").chmod(0o644)
    with pytest.raises(KeyRefused, match="mode 0644"):
        Witness(folder)


def test_a_ledger_key_cannot_serve_as_a_witness_key(folder, witness, ledger, fill, home):
    fill(1)
    shutil.copyfile(home / "keys" / "ledger.key", folder / "witness.key")
    with pytest.raises(KeyRefused, match="a key for cosignatures is needed"):
        Witness(folder)


def test_a_changed_memory_is_not_believed(folder, witness, ledger, fill):
    fill(3)
    cosign(witness, ledger)
    path = next(folder.glob("*/checkpoint"))
    path.write_text(path.read_text().replace("\n5\n", "\n2\n"))
    with pytest.raises(LedgerBroken, match=r"own record .* cannot be trusted"):
        cosign(witness, ledger)


def test_a_witness_of_an_export_needs_the_folder_only(witness, ledger, fill, tmp_path):
    fill(300)
    ledger.export(tmp_path / "export")
    cosign(witness, ledger)
    fill(300, start=300)
    ledger.export(tmp_path / "export")
    note, read = read_export(tmp_path / "export")
    cosigned = witness.cosign(
        note,
        lambda before, now: consistency_proof(read, before, now),
        now=at(2000),
        claimed_key=ledger.key(),
    )
    assert (cosigned.num_before, parse_checkpoint(note.text).num_entries) == (302, 603)
