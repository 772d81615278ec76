import pytest
from training.data.splits import EVERYDAY, choose, core, is_held_out, read_lists, split_of


def test_splits_of_the_manifest_are_disjoint_in_concept_and_style(rows):
    trained = {(row.concept, row.style) for row in rows if row.split == "train"}
    held = {(row.concept, row.style) for row in rows if row.split != "train"}
    assert not trained & held


def test_no_trained_concept_contains_a_held_out_one(rows):
    cores = [core(concept) for concept in read_lists()[0]]
    assert not [
        row.concept for row in rows if row.split == "train" and is_held_out(row.concept, cores)
    ]


def test_five_percent_of_the_concepts_are_held_out_in_all_styles(rows):
    held = {row.concept for row in rows if row.split == "heldout_concept"}
    assert len(held) / len({row.concept for row in rows}) == pytest.approx(0.05, abs=0.012)


def test_one_style_of_a_tenth_of_the_concepts_is_held_out(rows):
    held = {(row.concept, row.style) for row in rows if row.split == "heldout_style"}
    assert len(held) == len({concept for concept, _ in held})
    assert len(held) / len({row.concept for row in rows}) == pytest.approx(0.10, abs=0.015)


def test_what_people_ask_for_first_is_trained_on(rows):
    trained = {row.concept for row in rows if row.split == "train"}
    assert {
        "cat",
        "dog",
        "apple",
        "car",
        "house",
        "sun",
        "heart",
        "star",
        "tree",
        "pizza",
    } <= trained


def test_no_held_out_concept_is_an_everyday_one():
    assert not EVERYDAY.intersection(read_lists()[0])


def test_an_animal_and_its_head_are_one_thing():
    assert core("tiger face") == core("tiger")


def test_a_face_in_a_mood_is_not_the_mood_alone():
    assert core("hot face") != core("hot dog")
    assert not core("hot dog") >= core("hot face")


def test_singular_and_plural_are_one_thing():
    assert core("pancakes") == core("pancake")
    assert core("cherries") == core("cherry")


def test_a_concept_with_a_held_out_one_inside_is_held_out():
    assert split_of("koala in a tree", "flat", [core("koala")], {}) == "heldout_concept"


def test_a_held_out_style_leaves_the_other_styles_in_training():
    held_styles = {"book": "flat"}
    assert split_of("book", "flat", [], held_styles) == "heldout_style"
    assert split_of("book", "noto", [], held_styles) == "train"


STYLES_OF = {f"thing{chr(97 + number)}": ["a", "b", "c", "d"] for number in range(26)}


def test_choose_gives_the_same_for_the_same_seed():
    assert choose(STYLES_OF, 1) == choose(STYLES_OF, 1)


def test_choose_keeps_an_earlier_draw():
    concepts, styles = choose(STYLES_OF, 1)
    more = {
        **STYLES_OF,
        **{f"other{chr(97 + number)}": ["a", "b", "c", "d"] for number in range(26)},
    }
    concepts_now, styles_now = choose(more, 2, concepts, styles)
    assert set(concepts) <= set(concepts_now)
    assert styles.items() <= styles_now.items()


def test_choose_never_holds_out_what_was_trained_on():
    trained = {(concept, style) for concept, names in STYLES_OF.items() for style in names}
    assert choose(STYLES_OF, 1, trained=trained) == ([], {})
