"""Notes, keys and cosignatures against published examples."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    NoteInvalid,
    Purpose,
    SigningKey,
    VerifierKey,
    cosigned_at,
    parse_checkpoint,
    parse_note,
    parse_signature,
)

# https://pkg.go.dev/golang.org/x/mod/sumdb/note, the example of its documentation.
GO_KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""  # noqa: E501 - as published

# https://c2sp.org/signed-note, its example.
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""  # noqa: E501 - as published

# https://github.com/transparency-dev/formats, note/note_cosigv1_test.go.
WITNESS_VKEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
COSIGNATURE = (
    "— remora.n621.de ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7"
    "S5gxEHWWOworDcFiEBYJXORmnFBOBA=="
)

TEXT = Checkpoint("example.com/log", 7, bytes(32)).text


@pytest.fixture
def key():
    return SigningKey("example.com/log", Purpose.NOTE, bytes(range(32)))


@pytest.fixture
def witness_key():
    return SigningKey("example.com/witness", Purpose.COSIGNATURE, bytes(range(32)))


@pytest.mark.parametrize(
    ("vkey", "note"), [(GO_VKEY, GO_NOTE), (C2SP_VKEY, C2SP_NOTE)], ids=["go", "c2sp"]
)
def test_a_published_note_is_signed_by_its_published_key(vkey, note):
    assert VerifierKey.parse(vkey).signature_on(parse_note(note)) is not None


def test_the_published_private_key_makes_the_published_note():
    key, text = SigningKey.parse(GO_KEY), parse_note(GO_NOTE).text
    assert str(Note(text, (key.sign(text),))) == GO_NOTE


def test_the_published_private_key_has_the_published_public_one():
    assert str(SigningKey.parse(GO_KEY).verifier) == GO_VKEY


def test_a_private_key_reads_back_as_it_was_written():
    assert str(SigningKey.parse(GO_KEY)) == GO_KEY


def test_a_published_witness_key_is_read():
    assert VerifierKey.parse(WITNESS_VKEY).purpose is Purpose.COSIGNATURE


def test_a_published_cosignature_has_its_published_time():
    said = cosigned_at(parse_signature(COSIGNATURE))
    assert said == datetime.fromtimestamp(1727964367, UTC)


def test_a_changed_text_is_not_signed():
    note = parse_note(GO_NOTE.replace("your", "our", 1))
    assert VerifierKey.parse(GO_VKEY).signature_on(note) is None


def test_a_note_signed_by_another_key_is_not_signed():
    assert VerifierKey.parse(C2SP_VKEY).signature_on(parse_note(GO_NOTE)) is None


def test_a_cosignature_holds_for_its_time_only(witness_key):
    good = witness_key.cosign(TEXT, datetime(2026, 1, 1, tzinfo=UTC))
    later = good._replace(
        content=(int.from_bytes(good.content[:8]) + 1).to_bytes(8) + good.content[8:]
    )
    found = [witness_key.verifier.signature_on(Note(TEXT, (one,))) for one in (good, later)]
    assert found == [good, None]


def test_a_signature_is_no_cosignature(key, witness_key):
    as_witness = VerifierKey(key.name, Purpose.COSIGNATURE, key.verifier.public)
    assert as_witness.signature_on(Note(TEXT, (key.sign(TEXT),))) is None


def test_a_checkpoint_reads_back():
    assert parse_checkpoint(TEXT) == Checkpoint("example.com/log", 7, bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/log\n",
        "example.com/log\n07\nAAAA\n",
        TEXT.replace("7", "-7"),
        TEXT.replace("\n7\n", "\n07\n"),
        TEXT.rstrip("\n"),
        TEXT + "an extension\n",
        "\n7\n" + TEXT.split("\n")[2] + "\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteInvalid):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text without signatures\n",
        "text\n\nno signature line\n",
        "text\n\n— name notbase64!\n",
        "text\n\n— name AAAA\n",
        GO_NOTE.rstrip("\n"),
        GO_NOTE.replace("answer", "\x07answer"),
        "x" * 200_000 + GO_NOTE,
    ],
)
def test_what_is_no_signed_note_is_refused(text):
    with pytest.raises(NoteInvalid):
        parse_note(text)


@pytest.mark.parametrize("start", [1, 5, 20, 40])
def test_a_mangled_verifier_key_is_refused(start):
    with pytest.raises(NoteInvalid):
        VerifierKey.parse(GO_VKEY[start:])


@given(st.integers(0, len(GO_VKEY) - 1))
def test_a_verifier_key_with_another_letter_is_refused_or_another_key(place):
    changed = GO_VKEY[:place] + chr(ord(GO_VKEY[place]) + 1) + GO_VKEY[place + 1 :]
    with pytest.raises(NoteInvalid):
        VerifierKey.parse(changed)


@given(st.text(max_size=300))
def test_any_text_is_a_note_or_refused(text):
    try:
        note = parse_note(text)
    except NoteInvalid:
        return
    assert str(note).startswith(note.text)


def test_a_refused_private_key_is_not_repeated():
    secret = GO_KEY[40:]
    with pytest.raises(NoteInvalid) as raised:
        SigningKey.parse(GO_KEY.replace("c74f20a3", "c74f20a4"))
    assert secret not in str(raised.value)


def test_a_private_key_does_not_show_its_secret():
    assert "AYEK" not in repr(SigningKey.parse(GO_KEY))
