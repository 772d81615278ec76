import numpy as np
import pytest

from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.networks import open_networks
from limner.generators.embedded.sentences import FILES, GROUP, Sentences
from limner.generators.embedded.weights import Weights


def test_vectors_are_unit_vectors_of_the_encoder_s_width():
    vectors_NE = Sentences()(["a red apple", "a fox"])
    assert vectors_NE.shape == (2, 384)
    assert np.linalg.norm(vectors_NE, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_likeness_of_meaning_is_seen():
    dog, puppy, invoice = Sentences()(["a dog", "a puppy", "an unpaid invoice"])
    assert dog @ puppy > dog @ invoice + 0.2


def test_a_vector_does_not_depend_on_the_other_texts():
    texts = [f"{number} apples" for number in range(GROUP + 3)]
    assert Sentences()(texts)[-1] == pytest.approx(Sentences()(texts[-1:])[0], abs=2e-2)


def test_a_text_that_is_too_long_is_read_as_far_as_it_fits():
    long, longer = Sentences()(["apple " * 30, "apple " * 60])
    assert long == pytest.approx(longer, abs=1e-3)


def test_it_says_which_text_is_left_out_in_part():
    assert [Sentences().reads_whole("apple " * num) for num in (30, 31)] == [True, False]


@pytest.mark.parametrize("text", ["fox", "a red apple", "an old wooden house with a red door"])
def test_a_vector_is_the_same_with_and_without_padding(text):
    sentences = Sentences()
    rows = sentences._tokens.rows([text])
    networks = open_networks(Weights(), 0)
    padded_TE = networks.read_tokens(rows)[0] * rows.mask_BT[0, :, None]
    padded_E = padded_TE.sum(axis=0) / np.linalg.norm(padded_TE.sum(axis=0))
    assert float(sentences([text])[0] @ padded_E) > 0.9999


def test_the_files_behind_the_vectors_are_named():
    assert set(Sentences().ingredients) == {f"sentences/{name}" for name in FILES}


def test_missing_weights_are_told(tmp_path):
    with pytest.raises(GeneratorUnavailable):
        Sentences(weights=Weights(tmp_path))(["a fox"])
