import stat
import threading
from datetime import timedelta

import pytest
from sealing import read_clock

from limner.core.errors import BadInput, KeyRefused, StorageUnavailable
from limner.provenance.certificates import fingerprint_of, make_root, pem_of
from limner.provenance.keys import KeyFolder

NOW = read_clock()
PRIVATE = ("root.pem", "signer.pem", "stamper.pem")


@pytest.fixture
def folder(tmp_path):
    return KeyFolder(tmp_path / "keys" / "seal")


def path_of(folder, name, generation=1):
    return folder.folder / f"{generation:04d}" / name


def prints(certificates):
    return [fingerprint_of(one) for one in certificates]


@pytest.mark.parametrize("name", PRIVATE)
def test_a_key_file_is_made_for_its_owner_only(folder, name):
    folder.open(NOW)
    assert stat.S_IMODE(path_of(folder, name).stat().st_mode) == 0o600


def test_the_folder_is_made_for_its_owner_only(folder):
    folder.open(NOW)
    assert stat.S_IMODE(path_of(folder, "").stat().st_mode) == 0o700


def test_keys_are_made_once(folder):
    first = folder.open(NOW)
    assert fingerprint_of(folder.open(NOW).root) == fingerprint_of(first.root)


def test_two_installs_have_two_roots(folder, tmp_path):
    other = KeyFolder(tmp_path / "other").open(NOW)
    assert fingerprint_of(folder.open(NOW).root) != fingerprint_of(other.root)


def test_processes_that_start_together_agree_on_the_keys(folder):
    roots = []
    threads = [
        threading.Thread(target=lambda: roots.append(fingerprint_of(folder.open(NOW).root)))
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(roots) == 8
    assert set(roots) == {fingerprint_of(folder.open(NOW).root)}


def test_nothing_is_made_to_see_who_is_trusted(folder):
    assert (folder.own_roots(), folder.trusted_roots()) == ((), ())
    assert not folder.folder.exists()


def test_names_in_certificates_say_nothing_of_the_machine(folder):
    names = folder.open(NOW).signer.certificate.subject.rfc4514_string()
    assert names.startswith("CN=Limner signer ")
    assert names.endswith(",O=Limner (own root of one install)")


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_key_file_that_others_can_use_is_refused(folder, name, mode):
    folder.open(NOW)
    path_of(folder, name).chmod(mode)
    with pytest.raises(KeyRefused) as refused:
        folder.open(NOW)
    assert refused.value.message == (
        f"The key file {str(path_of(folder, name))!r} has mode {mode:04o}; others than its owner "
        "can use it, allowed is 0600."
    )
    assert "chmod 600" in refused.value.hint


@pytest.mark.parametrize("name", ["signer.pem", "stamper.pem"])
def test_a_missing_key_is_refused_and_not_made_anew(folder, name):
    folder.open(NOW)
    path_of(folder, name).unlink()
    with pytest.raises(KeyRefused, match="is missing"):
        folder.open(NOW)
    assert not path_of(folder, name).exists()


def test_the_root_key_may_be_kept_elsewhere(folder):
    folder.open(NOW)
    path_of(folder, "root.pem").unlink()
    assert folder.open(NOW).generation == 1


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_broken_key_file_is_refused(folder, content):
    folder.open(NOW)
    path_of(folder, "signer.pem").write_bytes(content)
    with pytest.raises(KeyRefused, match="holds no key"):
        folder.open(NOW)


def test_a_key_beside_the_certificate_of_another_is_refused(folder):
    keys = folder.open(NOW)
    mixed = keys.stamper.to_pem().split(b"-----BEGIN CERT")[0] + pem_of(keys.signer.certificate)
    path_of(folder, "signer.pem").write_bytes(mixed)
    with pytest.raises(KeyRefused, match="is not the one its certificate speaks of"):
        folder.open(NOW)


def test_the_signer_is_renewed_by_the_same_root_in_its_last_30_days(folder):
    first = folder.open(NOW)
    later = folder.open(NOW + timedelta(days=340))
    assert fingerprint_of(later.root) == fingerprint_of(first.root)
    assert later.signer.certificate.not_valid_after_utc > NOW + timedelta(days=600)


def test_the_renewed_signer_is_the_one_that_is_kept(folder):
    folder.open(NOW)
    later = NOW + timedelta(days=340)
    renewed = folder.open(later).signer.certificate
    assert fingerprint_of(folder.open(later).signer.certificate) == fingerprint_of(renewed)


def test_the_signer_is_kept_until_its_last_30_days(folder):
    first = folder.open(NOW).signer.certificate
    later = folder.open(NOW + timedelta(days=330)).signer.certificate
    assert fingerprint_of(later) == fingerprint_of(first)


def test_without_the_root_key_the_signer_serves_to_its_end(folder):
    first = folder.open(NOW).signer.certificate
    path_of(folder, "root.pem").unlink()
    later = folder.open(NOW + timedelta(days=360)).signer.certificate
    assert fingerprint_of(later) == fingerprint_of(first)


def test_without_the_root_key_an_ended_signer_is_refused(folder):
    folder.open(NOW)
    path_of(folder, "root.pem").unlink()
    with pytest.raises(KeyRefused, match="The signing certificate ended on"):
        folder.open(NOW + timedelta(days=366))


def test_a_clock_that_jumped_back_before_the_keys_is_refused(folder):
    folder.open(NOW)
    with pytest.raises(KeyRefused) as refused:
        folder.open(NOW - timedelta(days=1))
    assert refused.value.code == "clock_behind"
    assert "before the signing keys were made" in refused.value.message


def test_a_clock_that_was_set_back_a_little_is_no_obstacle(folder):
    first = folder.open(NOW)
    assert folder.open(NOW - timedelta(minutes=50)).generation == first.generation


def test_rotating_makes_a_new_root_and_keeps_the_old_one_trusted(folder):
    first = folder.open(NOW)
    second = folder.rotate(NOW)
    assert prints(folder.own_roots()) == prints([first.root, second.root])
    assert second.generation == 2


@pytest.mark.parametrize("name", PRIVATE)
def test_rotating_deletes_the_old_private_keys(folder, name):
    folder.open(NOW)
    folder.rotate(NOW)
    assert not path_of(folder, name, 1).exists()
    assert path_of(folder, name, 2).exists()


def test_what_a_killed_rotation_left_is_deleted_later(folder):
    folder.open(NOW)
    left = path_of(folder, "signer.pem").read_bytes()
    folder.rotate(NOW)
    path_of(folder, "signer.pem").write_bytes(left)
    folder.open(NOW)
    assert not path_of(folder, "signer.pem").exists()


def test_rotating_helps_when_a_key_was_lost(folder):
    folder.open(NOW)
    path_of(folder, "signer.pem").unlink()
    assert folder.rotate(NOW).generation == 2


def test_a_root_of_others_is_imported(folder, tmp_path):
    root = make_root(NOW).certificate
    folder.trust(pem_of(root), tmp_path / "root.pem")
    assert prints(folder.trusted_roots()) == prints([root])


def test_importing_twice_keeps_one(folder, tmp_path):
    root = make_root(NOW).certificate
    folder.trust(pem_of(root) * 2, tmp_path / "root.pem")
    assert len(folder.trusted_roots()) == 1


def test_a_signing_certificate_is_not_imported_as_a_root(folder, tmp_path):
    signer = folder.open(NOW).signer.certificate
    with pytest.raises(BadInput, match="is no authority"):
        folder.trust(pem_of(signer), tmp_path / "signer.pem")
    assert folder.trusted_roots() == ()


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA"])
def test_what_is_no_certificate_is_not_imported(folder, tmp_path, content):
    with pytest.raises(KeyRefused, match="holds no certificate"):
        folder.trust(content, tmp_path / "root.pem")


def test_a_broken_root_certificate_is_refused_by_name(folder):
    folder.open(NOW)
    path_of(folder, "root.crt").write_text("gone")
    with pytest.raises(KeyRefused, match=r"root\.crt"):
        folder.own_roots()


def test_a_missing_root_certificate_is_refused_by_name(folder):
    folder.open(NOW)
    path_of(folder, "root.crt").unlink()
    with pytest.raises(KeyRefused, match=r"root\.crt"):
        folder.own_roots()


def test_keys_that_cannot_be_written_are_one_sentence(folder):
    folder.folder.parent.mkdir(parents=True)
    folder.folder.write_text("in the way")
    with pytest.raises(StorageUnavailable, match="Cannot write the keys"):
        folder.open(NOW)


def test_roots_that_cannot_be_kept_are_one_sentence(folder, tmp_path):
    folder.folder.parent.mkdir(parents=True)
    folder.folder.write_text("in the way")
    with pytest.raises(StorageUnavailable, match="Cannot write the keys"):
        folder.trust(pem_of(make_root(NOW).certificate), tmp_path / "root.pem")


def refuse(*arguments):
    raise OSError(28, "No space left on device")


def test_a_renewal_that_cannot_be_written_is_one_sentence_and_the_old_key_stays(
    folder, monkeypatch
):
    before = folder.open(NOW).signer.certificate
    with monkeypatch.context() as full:
        full.setattr("limner.provenance.keys.write_whole", refuse)
        with pytest.raises(StorageUnavailable, match="no space left on device"):
            folder.open(NOW + timedelta(days=350))
    assert fingerprint_of(folder.open(NOW).signer.certificate) == fingerprint_of(before)


def test_a_rotation_that_cannot_be_written_leaves_the_old_keys_in_use(folder, monkeypatch):
    before = folder.open(NOW).root
    with monkeypatch.context() as full:
        full.setattr("limner.provenance.keys.sync_folder", refuse)
        full.setattr("pathlib.Path.rename", refuse)
        with pytest.raises(StorageUnavailable, match="Cannot write the keys"):
            folder.rotate(NOW)
    assert fingerprint_of(folder.open(NOW).root) == fingerprint_of(before)
    assert list(folder.folder.glob(".making-*")) == []


def test_a_key_that_is_a_folder_is_refused(folder):
    folder.open(NOW)
    path_of(folder, "signer.pem").unlink()
    path_of(folder, "signer.pem").mkdir(mode=0o700)
    with pytest.raises(KeyRefused, match="cannot be read"):
        folder.open(NOW)
