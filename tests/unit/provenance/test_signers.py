import chains
import pytest
from sealing import FACTS, encoded, read_clock

from limner.core.errors import KeyRefused, SealFailed
from limner.provenance.credential import seal
from limner.provenance.signers import Signer, own_signer, signer_from_files
from limner.provenance.verify import CredentialState, Trust, read_credential

PNG = "image/png"


def sealed_by(signer):
    return seal(encoded(PNG), PNG, FACTS, signer, read_clock=read_clock)


@pytest.mark.parametrize("kind", ["es256", "es384", "es512", "ps256", "ed25519"])
def test_a_chain_of_the_users_own_seals(tmp_path, keys, kind):
    signer = signer_from_files(*chains.write_chain(tmp_path, *chains.chain(kind)), keys)
    made = sealed_by(signer)
    credential = read_credential(made.content, PNG, Trust(signer.roots_pem))
    assert signer.algorithm == kind
    assert (credential.state, credential.signer.name) == (
        CredentialState.TRUSTED,
        "Example signer",
    )
    assert made.stamped_at is not None


def test_a_chain_without_its_root_seals(tmp_path, keys):
    key, certificates = chains.chain()
    signer = signer_from_files(*chains.write_chain(tmp_path, key, certificates[:-1]), keys)
    assert sealed_by(signer).stamped_at is not None


def test_a_chain_for_signing_documents_seals(tmp_path, keys):
    files = chains.write_chain(tmp_path, *chains.chain(purpose=chains.DOCUMENT_SIGNING))
    assert sealed_by(signer_from_files(*files, keys)).stamped_at is not None


def test_the_users_own_seal_is_of_an_unknown_signer_elsewhere(tmp_path, keys, trust):
    signer = signer_from_files(*chains.write_chain(tmp_path, *chains.chain()), keys)
    credential = read_credential(sealed_by(signer).content, PNG, trust)
    assert credential.state is CredentialState.UNKNOWN_SIGNER


@pytest.mark.parametrize("kind", ["k1", "dsa"])
def test_a_key_that_cannot_seal_is_refused(tmp_path, keys, kind):
    files = chains.write_chain(tmp_path, *chains.chain(kind))
    with pytest.raises(KeyRefused, match="is of a kind that cannot seal; allowed are ECDSA"):
        signer_from_files(*files, keys)


def test_a_certificate_that_signed_itself_is_refused(tmp_path, keys):
    key = chains.KEYS["es256"]()
    files = chains.write_chain(tmp_path, key, [chains.certificate(key, "alone")])
    with pytest.raises(KeyRefused, match="holds one certificate"):
        signer_from_files(*files, keys)


def test_a_key_of_another_certificate_is_refused(tmp_path, keys):
    _, certificates = chains.chain()
    files = chains.write_chain(tmp_path, chains.KEYS["es256"](), certificates)
    with pytest.raises(KeyRefused, match="is not the one that the first certificate"):
        signer_from_files(*files, keys)


def test_a_key_file_of_the_user_that_others_can_read_is_refused(tmp_path, keys):
    chain_path, key_path = chains.write_chain(tmp_path, *chains.chain())
    key_path.chmod(0o644)
    with pytest.raises(KeyRefused, match="has mode 0644"):
        signer_from_files(chain_path, key_path, keys)


def test_a_key_with_a_password_is_refused(tmp_path, keys):
    key, certificates = chains.chain()
    chain_path, key_path = chains.write_chain(tmp_path, key, certificates)
    key_path.write_bytes(chains.key_pem(key, b"secret"))
    with pytest.raises(KeyRefused, match="without a password"):
        signer_from_files(chain_path, key_path, keys)


@pytest.mark.parametrize("missing", ["chain.pem", "key.pem"])
def test_a_missing_file_of_the_user_is_named(tmp_path, keys, missing):
    files = chains.write_chain(tmp_path, *chains.chain())
    (tmp_path / missing).unlink()
    with pytest.raises(KeyRefused, match=missing):
        signer_from_files(*files, keys)


def test_a_callback_seals_with_a_key_that_is_elsewhere(keys, trust):
    own = own_signer(keys)
    asked = []

    def sign(data):
        asked.append(data)
        return own.sign(data)

    signer = Signer(
        chain_pem=own.chain_pem,
        algorithm="es256",
        sign=sign,
        stamps=own.stamps,
        roots_pem=own.roots_pem,
    )
    credential = read_credential(sealed_by(signer).content, PNG, trust)
    assert credential.state is CredentialState.TRUSTED
    assert asked


def test_a_callback_without_roots_seals_what_is_intact(keys, trust):
    own = own_signer(keys)
    signer = Signer(chain_pem=own.chain_pem, algorithm="es256", sign=own.sign, stamps=None)
    made = sealed_by(signer)
    assert read_credential(made.content, PNG, trust).state is CredentialState.TRUSTED


def test_a_callback_that_fails_lets_nothing_out_and_its_reason_is_kept(keys):
    own = own_signer(keys)

    def sign(data):
        raise TimeoutError("the card did not answer")

    signer = Signer(chain_pem=own.chain_pem, algorithm="es256", sign=sign, stamps=own.stamps)
    with pytest.raises(SealFailed) as failed:
        sealed_by(signer)
    assert isinstance(failed.value.__cause__.__cause__, TimeoutError)


def test_a_callback_that_signs_with_another_key_lets_nothing_out(keys, other_keys):
    own, other = own_signer(keys), own_signer(other_keys)
    signer = Signer(
        chain_pem=own.chain_pem,
        algorithm="es256",
        sign=other.sign,
        stamps=own.stamps,
        roots_pem=own.roots_pem,
    )
    with pytest.raises(SealFailed):
        sealed_by(signer)


def test_a_seal_that_its_own_roots_do_not_vouch_for_is_not_let_out(keys, other_keys):
    own, other = own_signer(keys), own_signer(other_keys)
    signer = Signer(
        chain_pem=own.chain_pem,
        algorithm="es256",
        sign=own.sign,
        stamps=own.stamps,
        roots_pem=other.roots_pem,
    )
    with pytest.raises(SealFailed, match="unknown_signer"):
        sealed_by(signer)
