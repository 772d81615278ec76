import pytest
from training.data.names import split_words, vocabulary

KNOWN = vocabulary([])


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("amusement-park-ferris-wheel", "ferris wheel"),
        ("shopping-bag-2", "shopping bag"),
        ("bicycle-bike", "bicycle"),
        ("coffee-takeaway-cup", "takeaway coffee cup"),
        ("smiley-angry", "angry face"),
        ("lightbulb", "light bulb"),
    ],
)
def test_a_name_of_a_known_thing_has_its_concept(name, concept):
    assert KNOWN.meaning(name).concept == concept


@pytest.mark.parametrize(
    "name", ["calendar-add", "arrow-left", "cloud-download", "wifi-off", "align-text"]
)
def test_a_name_with_other_words_is_left_out(name):
    assert KNOWN.meaning(name) is None


def test_harmless_words_become_keywords():
    assert KNOWN.meaning("amusement-park-ferris-wheel").keywords == ("amusement", "park")


def test_numbers_at_the_end_are_not_words():
    assert split_words("donut-2") == ("donut",)
    assert split_words("apple-one") == ("apple",)
