import io
import time
from dataclasses import replace
from datetime import timedelta

import chains
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from sealing import FACTS, MEDIA_TYPES, encoded, flipped, read_clock

from limner.provenance.certificates import Identity, issue_signer, make_root, pem_of
from limner.provenance.containers import read_store
from limner.provenance.credential import Placement, seal
from limner.provenance.keys import KeyFolder
from limner.provenance.signers import own_signer, signer_from_files
from limner.provenance.verify import CredentialState, Trust, read_credential

PNG, JPEG = "image/png", "image/jpeg"
TAMPERED = CredentialState.TAMPERED
every_type = pytest.mark.parametrize("media_type", MEDIA_TYPES)


def codes(credential):
    return [one.code for one in credential.reasons]


@every_type
@given(data=st.data())
@settings(max_examples=80)
def test_one_bit_turned_over_anywhere_is_never_trusted(media_type, sealed, trust, data):
    content = sealed(media_type).content
    bit = data.draw(st.integers(8 * 12, 8 * len(content) - 1))
    assert read_credential(flipped(content, bit), media_type, trust).state is TAMPERED


@every_type
def test_bytes_behind_the_file_are_tampering(media_type, sealed, trust):
    content = sealed(media_type).content + b"more"
    assert read_credential(content, media_type, trust).state is TAMPERED


@every_type
def test_a_credential_put_into_another_file_is_tampering(media_type, sealed, trust):
    content = sealed(media_type).content
    store = read_store(content, media_type)
    beside = read_credential(encoded(media_type, seed=1), media_type, trust, store)
    assert (beside.state, "assertion.dataHash.mismatch" in codes(beside)) == (TAMPERED, True)


@every_type
def test_a_file_saved_again_has_no_credential(media_type, sealed, trust):
    with PillowImage.open(io.BytesIO(sealed(media_type).content)) as opened:
        opened.load()
        saved = io.BytesIO()
        opened.save(saved, media_type.removeprefix("image/").upper())
    credential = read_credential(saved.getvalue(), media_type, trust)
    assert (credential.state, credential.reasons) == (CredentialState.NONE, ())


@every_type
def test_a_file_that_never_had_one_has_no_credential(media_type, trust):
    assert read_credential(encoded(media_type), media_type, trust).state is CredentialState.NONE


@pytest.mark.parametrize("media_type", ["image/gif", "image/bmp", "image/tiff"])
def test_other_types_have_no_credential(media_type, trust):
    saved = io.BytesIO()
    PillowImage.new("RGB", (8, 8)).save(saved, media_type.removeprefix("image/").upper())
    assert read_credential(saved.getvalue(), media_type, trust).state is CredentialState.NONE


def test_a_damaged_credential_is_tampering_and_not_nothing(sealed, trust):
    damaged = sealed(JPEG).content.replace(b"jumdc2pa", b"jumbc2pa")
    credential = read_credential(damaged, JPEG, trust)
    assert (credential.state, codes(credential)) == (TAMPERED, ["credential.unreadable"])


def test_a_credential_whose_chunk_was_renamed_is_tampering_and_not_nothing(sealed, trust):
    renamed = sealed(PNG).content.replace(b"caBX", b"caBY")
    assert read_credential(renamed, PNG, trust).state is TAMPERED


def test_filler_that_was_used_is_tampering(sealed, trust):
    content = sealed(PNG).content
    place = content.index(bytes(3000)) + 1500
    hidden = content[:place] + b"hello" + content[place + 5 :]
    assert codes(read_credential(hidden, PNG, trust)) == ["credential.inexact"]


def test_an_unknown_signer_is_told_from_a_trusted_one(other_keys, trust):
    content = seal(encoded(PNG), PNG, FACTS, own_signer(other_keys), read_clock=read_clock).content
    credential = read_credential(content, PNG, trust)
    assert credential.state is CredentialState.UNKNOWN_SIGNER
    assert codes(credential) == ["signingCredential.untrusted"]
    assert (credential.trusted_by, credential.stamped_at) == (None, None)


def test_an_impostor_with_our_names_is_an_unknown_signer(keys, trust):
    root_key = chains.KEYS["es256"]()
    impostor = Identity(root_key, keys.root)  # our root's name and number, another's key
    forged = issue_signer(impostor, read_clock())
    signer = replace(
        own_signer(keys),
        chain_pem=pem_of(forged.certificate).decode(),
        sign=lambda data: forged.key.sign(data, ECDSA(SHA256())),
        stamps=None,
        roots_pem="",
    )
    content = seal(encoded(PNG), PNG, FACTS, signer, read_clock=read_clock).content
    assert read_credential(content, PNG, trust).state is CredentialState.UNKNOWN_SIGNER


@pytest.fixture(scope="module")
def expiring(keys):
    """A stamped and an unstamped seal of a signer whose certificate has ended since."""
    root = make_root(read_clock())
    signer_of_seconds = issue_signer(root, read_clock(), timedelta(seconds=3))
    own = replace(
        own_signer(keys),
        chain_pem=pem_of(signer_of_seconds.certificate).decode(),
        sign=lambda data: signer_of_seconds.key.sign(data, ECDSA(SHA256())),
        roots_pem=pem_of(root.certificate).decode() + pem_of(keys.root).decode(),
    )
    made = [
        seal(encoded(PNG), PNG, FACTS, one, read_clock=read_clock)
        for one in (own, replace(own, stamps=None))
    ]
    while read_clock() < signer_of_seconds.certificate.not_valid_after_utc + timedelta(seconds=1):
        time.sleep(0.2)
    return [one.content for one in made], Trust(own.roots_pem)


def test_an_unstamped_seal_ends_with_its_certificate(expiring):
    (_, unstamped), trust = expiring
    credential = read_credential(unstamped, PNG, trust)
    assert credential.state is CredentialState.EXPIRED_SIGNER
    assert "signingCredential.expired" in codes(credential)


def test_a_stamped_seal_outlives_its_certificate(expiring):
    (stamped, _), trust = expiring
    assert read_credential(stamped, PNG, trust).state is CredentialState.TRUSTED


def test_what_was_sealed_before_a_rotation_stays_trusted(tmp_path):
    folder = KeyFolder(tmp_path / "seal")
    before = own_signer(folder.open(read_clock()))
    content = seal(encoded(PNG), PNG, FACTS, before, read_clock=read_clock).content
    folder.rotate(read_clock())
    trust = Trust("".join(pem_of(one).decode() for one in folder.own_roots()))
    assert read_credential(content, PNG, trust).state is CredentialState.TRUSTED


def test_an_imported_root_vouches_and_that_is_said(keys, other_keys):
    content = seal(encoded(PNG), PNG, FACTS, own_signer(other_keys), read_clock=read_clock).content
    trust = Trust(pem_of(keys.root).decode(), pem_of(other_keys.root).decode())
    credential = read_credential(content, PNG, trust)
    assert (credential.state, credential.trusted_by) == (CredentialState.TRUSTED, "imported")


def test_who_trusts_nobody_trusts_nothing(sealed):
    credential = read_credential(sealed(PNG).content, PNG, Trust(""))
    assert credential.state is CredentialState.UNKNOWN_SIGNER


def test_a_stamp_of_an_unknown_authority_is_not_counted(tmp_path, other_keys, keys):
    key, certificates = chains.chain()
    signer = signer_from_files(*chains.write_chain(tmp_path, key, certificates), other_keys)
    content = seal(encoded(PNG), PNG, FACTS, signer, read_clock=read_clock).content
    credential = read_credential(content, PNG, Trust(chains.pem(*certificates[1:]).decode()))
    assert (credential.state, credential.stamped_at) == (CredentialState.TRUSTED, None)
    assert "time-stamp" in credential.notices[0]


def test_a_sidecar_of_another_file_is_tampering(signer, trust):
    first = seal(
        encoded(PNG), PNG, FACTS, signer, read_clock=read_clock, placement=Placement.BESIDE
    )
    credential = read_credential(encoded(PNG, seed=1), PNG, trust, first.sidecar)
    assert (credential.state, credential.is_beside) == (TAMPERED, True)


def test_a_sidecar_is_not_looked_at_if_there_is_a_credential_inside(sealed, trust):
    credential = read_credential(sealed(PNG).content, PNG, trust, b"anything")
    assert (credential.state, credential.is_beside) == (CredentialState.TRUSTED, False)
    assert "not looked at" in credential.notices[0]


def test_a_damaged_sidecar_is_tampering(signer, trust):
    beside = seal(
        encoded(PNG), PNG, FACTS, signer, read_clock=read_clock, placement=Placement.BESIDE
    )
    damaged = beside.sidecar.replace(b"jumdc2pa", b"jumbc2pa")
    assert read_credential(beside.content, PNG, trust, damaged).state is TAMPERED


@given(st.binary(max_size=300))
@settings(max_examples=50)
def test_no_bytes_break_the_reader(trust, content):
    for media_type in MEDIA_TYPES:
        assert read_credential(content, media_type, trust).state in (
            CredentialState.NONE,
            TAMPERED,
        )


def report(**more):
    """What the library says of an intact credential of another program."""
    good = ["claimSignature.validated", "assertion.dataHash.match", "signingCredential.trusted"]
    return {
        "active_manifest": "urn:c2pa:a",
        "manifests": {"urn:c2pa:a": {"signature_info": {"time": "yesterday"}}},
        "validation_results": {
            "activeManifest": {
                "success": [{"code": one} for one in [*good, *GOOD_STAMP]],
                "failure": [],
                **more,
            }
        },
    }


GOOD_STAMP = ("timeStamp.validated", "timeStamp.trusted")


def told(monkeypatch, trust, said):
    monkeypatch.setattr("limner.provenance.verify.read_report", lambda *arguments: said)
    return read_credential(encoded(PNG), PNG, trust)


def test_a_time_that_cannot_be_read_is_none(monkeypatch, trust):
    credential = told(monkeypatch, trust, report())
    assert (credential.state, credential.stamped_at) == (CredentialState.TRUSTED, None)


def test_a_failure_nobody_foresaw_is_tampering(monkeypatch, trust):
    credential = told(monkeypatch, trust, report(failure=[{"code": "new.code"}]))
    assert (credential.state, codes(credential)) == (TAMPERED, ["new.code"])


def test_a_report_that_says_nothing_is_tampering(monkeypatch, trust):
    assert told(monkeypatch, trust, {}).state is TAMPERED


def test_a_signature_that_was_not_validated_is_tampering(monkeypatch, trust):
    assert told(monkeypatch, trust, report(success=[])).state is TAMPERED


def test_an_intact_signer_that_nobody_called_trusted_is_unknown(monkeypatch, trust):
    good = [{"code": "claimSignature.validated"}, {"code": "assertion.dataHash.match"}]
    credential = told(monkeypatch, trust, report(success=good))
    assert credential.state is CredentialState.UNKNOWN_SIGNER


def test_a_file_that_calls_itself_ours_but_is_no_whole_container_is_tampering(monkeypatch, trust):
    said = report()
    said["manifests"]["urn:c2pa:a"]["claim_generator_info"] = [{"name": "Limner", "version": "1"}]
    monkeypatch.setattr("limner.provenance.verify.read_report", lambda *arguments: said)
    credential = read_credential(encoded(PNG)[:50], PNG, trust)
    assert codes(credential) == ["credential.inexact"]
