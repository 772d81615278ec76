from copy import copy
from dataclasses import replace

import chains
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sealing import FACTS, encoded, read_clock, source

import limner
from limner import OutsideSigner
from limner.core.errors import KeyRefused, SealFailed, SettingInvalid
from limner.core.records import Operation
from limner.core.settings import read_settings
from limner.provenance.credential import seal
from limner.provenance.keys import KeyFolder
from limner.provenance.verify import CredentialState, read_credential
from limner.studio import keys

PNG = "image/png"


@pytest.fixture
def parts(studio):
    studio.parts.read_clock = read_clock
    return studio.parts


def state_of(parts, content):
    return read_credential(content, PNG, keys.open_trust(parts)).state


def sealed_here(parts):
    return seal(encoded(PNG), PNG, FACTS, keys.open_signer(parts), read_clock=read_clock).content


def set_chain(parts, folder, **given):
    variables = {f"LIMNER_{name.upper()}": str(path) for name, path in given.items()}
    parts.settings = read_settings(
        default_home=folder, home=parts.settings.home, environment=variables
    )


def test_what_is_sealed_here_is_trusted_here(parts):
    assert state_of(parts, sealed_here(parts)) is CredentialState.TRUSTED


def test_what_was_sealed_before_a_rotation_is_trusted_after_it(parts):
    before = sealed_here(parts)
    keys.rotate(parts)
    assert state_of(parts, before) is CredentialState.TRUSTED
    assert state_of(parts, sealed_here(parts)) is CredentialState.TRUSTED


def test_to_know_whom_to_trust_makes_no_keys(parts):
    keys.open_trust(parts)
    assert not (parts.settings.home / "keys" / "seal").exists()


def test_showing_names_root_signer_and_stamper(parts):
    shown = keys.show(parts)
    assert [one.role for one in shown.certificates] == ["root", "signer", "time-stamp"]
    assert (shown.generation, shown.chain) == (1, None)


def test_showing_after_a_rotation_names_the_old_root(parts):
    first = keys.show(parts).certificates[0].fingerprint
    shown = keys.rotate(parts)
    assert [one.fingerprint for one in shown.certificates if one.role == "old root"] == [first]
    assert shown.generation == 2


def test_an_exported_root_makes_images_trusted_elsewhere(parts, tmp_path):
    content = sealed_here(parts)
    exported = tmp_path / "root.pem"
    exported.write_text(keys.export_root(parts))
    parts.settings = read_settings(default_home=tmp_path / "elsewhere", environment={})
    before = state_of(parts, content)
    keys.trust(parts, exported)
    assert (before, state_of(parts, content)) == (
        CredentialState.UNKNOWN_SIGNER,
        CredentialState.TRUSTED,
    )


def test_a_trusted_root_is_shown(parts, tmp_path):
    root = tmp_path / "root.pem"
    root.write_bytes(chains.pem(chains.chain()[1][-1]))
    (imported,) = keys.trust(parts, root)
    assert imported in keys.show(parts).certificates
    assert imported.role == "trusted"


def test_a_root_file_that_is_not_there_is_named(parts, tmp_path):
    with pytest.raises(KeyRefused, match=r"gone\.pem"):
        keys.trust(parts, tmp_path / "gone.pem")


def test_a_chain_in_the_settings_seals_and_is_trusted_here(parts, tmp_path):
    chain, key = chains.write_chain(tmp_path, *chains.chain())
    set_chain(parts, tmp_path, signing_chain=chain, signing_key=key)
    credential = read_credential(sealed_here(parts), PNG, keys.open_trust(parts))
    assert (credential.state, credential.signer.name) == (
        CredentialState.TRUSTED,
        "Example signer",
    )
    assert keys.show(parts).chain == chain


@pytest.mark.parametrize("given", ["signing_chain", "signing_key"])
def test_a_chain_without_its_key_or_the_other_way_round_is_refused(parts, tmp_path, given):
    set_chain(parts, tmp_path, **{given: tmp_path / "one.pem"})
    with pytest.raises(SettingInvalid, match="both are needed"):
        keys.open_signer(parts)


def test_who_seals_is_opened_once_for_all_who_ask(parts):
    keys.show(parts)
    assert parts.signer is parts.for_requester("Ann").signer


def test_keys_rotated_by_another_process_seal_from_then_on(parts):
    keys.show(parts)
    before = parts.signer
    other = copy(parts)
    other._signers = {}  # of another process
    keys.rotate(other)
    assert parts.signer.chain_pem != before.chain_pem


def test_marks_are_put_in_with_the_key_that_another_process_rotated_to(parts):
    before = parts.mark_key
    keys.mark_keys(parts).rotate()
    assert parts.mark_key != before
    assert keys.mark_keys(parts).read() == (parts.mark_key, before)


def test_keys_that_another_process_rotates_while_they_are_read_are_read_anew(parts, monkeypatch):
    keys.show(parts)
    read, asked = KeyFolder._read, []

    def rotate_and_read(folder, generation):
        if not asked:
            asked.append(generation)
            KeyFolder(folder.folder).rotate(read_clock())
        return read(folder, generation)

    monkeypatch.setattr(KeyFolder, "_read", rotate_and_read)
    assert keys.show(parts).generation == 2


def failures_of_the_source(parts, content):
    facts = replace(FACTS, operation=Operation.IMAGE, ingredients=(source(content, PNG),))
    sealed = seal(encoded(PNG), PNG, facts, parts.signer, read_clock=read_clock).content
    (one,) = read_credential(sealed, PNG, keys.open_trust(parts)).claims.ingredients
    return one.failures


def test_the_signer_of_a_source_sealed_by_keys_of_before_is_known(parts):
    before = sealed_here(parts)
    keys.rotate(parts)
    assert failures_of_the_source(parts, before) == ()


def test_the_signer_of_a_source_is_known_once_its_root_is_trusted(parts, tmp_path):
    key, certificates = chains.chain()
    (tmp_path / "root.pem").write_bytes(chains.pem(certificates[-1]))
    theirs, files = copy(parts), chains.write_chain(tmp_path, key, certificates)
    set_chain(theirs, tmp_path, signing_chain=files[0], signing_key=files[1])
    content = sealed_here(theirs)
    assert failures_of_the_source(parts, content) == ("signingCredential.untrusted",)
    keys.trust(parts, tmp_path / "root.pem")
    assert failures_of_the_source(parts, content) == ()


def test_a_key_that_others_can_read_since_is_refused(parts):
    keys.show(parts)
    assert parts.signer
    (key,) = parts.settings.home.glob("keys/seal/0001/signer.pem")
    key.chmod(0o644)
    with pytest.raises(KeyRefused, match="mode 0644"):
        _ = parts.signer


def outside(folder, sign=None):
    """A signer with a key that is in no file, and the path of its certificates."""
    key, certificates = chains.chain()
    (folder / "chain.pem").write_bytes(chains.pem(*certificates))
    sign = sign or (lambda data: key.sign(data, ec.ECDSA(SHA256())))
    return OutsideSigner(chain=folder / "chain.pem", sign=sign)


def test_a_callback_signs_what_a_studio_of_the_python_api_lets_out(home, tmp_path):
    signer = outside(tmp_path)
    with limner.Studio(home, signer=signer) as studio:
        credential = read_credential(sealed_here(studio.parts), PNG, keys.open_trust(studio.parts))
        assert keys.show(studio.parts).chain == signer.chain
    assert (credential.state, credential.signer.name) == (
        CredentialState.TRUSTED,
        "Example signer",
    )
    assert credential.stamped_at is not None


def test_an_image_drawn_with_a_callback_verifies_with_its_chain_and_not_without(
    studio, parts, tmp_path
):
    parts.outside_signer = outside(tmp_path)
    (image,) = studio.generate("a fox", seed=1)
    file = image.save(tmp_path / "fox.png")
    assert state_of(parts, file.read_bytes()) is CredentialState.TRUSTED
    parts.outside_signer = None
    assert state_of(parts, file.read_bytes()) is CredentialState.UNKNOWN_SIGNER


def test_a_callback_that_raises_or_signs_with_another_key_lets_nothing_out(parts, tmp_path):
    def gone(data):
        raise OSError("the card was pulled out")

    another, _ = chains.chain()
    for sign in (gone, lambda data: another.sign(data, ec.ECDSA(SHA256())), lambda data: b""):
        parts.outside_signer = outside(tmp_path, sign)
        parts.forget_keys()
        with pytest.raises(SealFailed, match="not let out"):
            sealed_here(parts)


def test_certificates_of_a_callback_that_cannot_be_read_are_named(parts, tmp_path):
    signer = OutsideSigner(chain=tmp_path / "none.pem", sign=lambda data: b"")
    parts.outside_signer = signer
    with pytest.raises(KeyRefused, match=r"none\.pem"):
        keys.open_signer(parts)
