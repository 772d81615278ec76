import numpy as np
import pytest
from solid_sprites import sprite_of
from training.data import colours, scenes
from training.data.pool import Pool, row_shares
from training.data.scenes import SceneMaker
from training.data.styles import HOUSE_STYLE, STYLES


@pytest.fixture(scope="module", params=[scenes.SQUARE, scenes.WIDE, scenes.TALL], ids=str)
def drawn(rows, request):
    rng = np.random.default_rng(7)
    maker = SceneMaker(Pool.of_training(rows), sprite_of, rng, request.param)
    return [maker.draw() for _ in range(700)]


def by_kind(drawn, kind):
    return [scene for scene in drawn if scene.kind == kind]


def test_held_out_rows_are_never_drawn(drawn):
    assert {placement.row.split for scene in drawn for placement in scene.placements} == {"train"}


def test_every_kind_of_scene_is_drawn(drawn):
    assert {scene.kind for scene in drawn} == set(scenes.KINDS)


def test_a_count_in_words_is_the_number_of_sprites(drawn):
    words = {"two": 2, "three": 3, "four": 4, "five": 5}
    for scene in by_kind(drawn, "count"):
        said = [count for word, count in words.items() if word in scene.caption.split()]
        assert len(scene.placements) in said


def test_counted_sprites_are_of_one_picture(drawn):
    for scene in by_kind(drawn, "count"):
        assert len({placement.row.index for placement in scene.placements}) == 1


def middle(placement):
    return placement.left + placement.side / 2, placement.top + placement.side / 2


def test_the_relation_is_where_the_first_sprite_lies(drawn):
    holds = {
        "left": lambda one, two: one[0] < two[0],
        "right": lambda one, two: one[0] > two[0],
        "above": lambda one, two: one[1] < two[1],
        "below": lambda one, two: one[1] > two[1],
    }
    for scene in by_kind(drawn, "pair"):
        assert holds[scene.relation](*map(middle, scene.placements))


def test_the_big_one_is_larger_than_the_small_one(drawn):
    for scene in by_kind(drawn, "sizes"):
        first = scene.placements[0].side > scene.placements[1].side
        big = min(scene.caption.find(word) for word in ("big", "large") if word in scene.caption)
        small = min(scene.caption.find(word) for word in ("small", "tiny") if word in scene.caption)
        assert first == (big < small)


def test_sprites_of_a_scene_do_not_overlap(drawn):
    for scene in drawn:
        for number, one in enumerate(scene.placements):
            for two in scene.placements[number + 1 :]:
                apart = max(abs(a - b) for a, b in zip(middle(one), middle(two), strict=True))
                assert apart >= (one.side + two.side) / 2 - 1e-6


def test_every_sprite_lies_inside_the_canvas(drawn):
    for scene in drawn:
        for placement in scene.placements:
            assert 0 <= placement.left <= scene.canvas.width - placement.side + 1e-9
            assert 0 <= placement.top <= scene.canvas.height - placement.side + 1e-9


def test_a_scene_has_one_style(drawn):
    assert all(len({placement.row.style for placement in scene.placements}) == 1 for scene in drawn)


def test_a_background_is_not_of_the_colour_of_its_sprite(drawn):
    for scene in drawn:
        words = {word.split()[-1] for word in scene.background.words}
        assert not words & {placement.words[0] for placement in scene.placements if placement.words}


def test_a_background_has_the_colour_that_it_is_called(drawn):
    for scene in drawn:
        for word, rgb in zip(scene.background.words, scene.background.rgb, strict=True):
            called = colours.word_indices(rgb[None])[0]
            assert called == colours.word_indices(colours.prototype(word)[None])[0]


def test_a_background_is_said(drawn):
    for scene in drawn:
        assert all(word in scene.caption for word in scene.background.words)


def test_a_recoloured_thing_is_called_by_its_new_colour(rows):
    maker = SceneMaker(Pool.of_training(rows), sprite_of, np.random.default_rng(3))
    singles = [scene for scene in (maker.draw() for _ in range(1500)) if scene.kind == "single"]
    (placements, captions) = zip(
        *((one.placements[0], one.caption) for one in singles), strict=True
    )
    turned = [
        (one.words[0], caption)
        for one, caption in zip(placements, captions, strict=True)
        if one.recolouring is not None and one.words
    ]
    said = sum(word in caption for word, caption in turned)
    assert len(turned) > 100
    assert said / len(turned) > 0.8
    assert {word for word, _ in turned} >= {"brown", "black", "white", "yellow"}


def test_three_things_in_four_lie_straight_in_the_middle_and_fill_the_canvas(drawn):
    singles = [(scene.canvas, scene.placements[0]) for scene in by_kind(drawn, "single")]
    steady = [one for one in singles if one[1].degrees == 0]
    assert 0.6 < len(steady) / len(singles) < 0.9
    for canvas, one in steady:
        assert (one.scale, one.shift, one.side) == (1.0, (0.0, 0.0), 1.0)
        assert (one.left, one.top) == ((canvas.width - 1) / 2, (canvas.height - 1) / 2)


def test_what_names_no_style_is_in_the_house_style_where_there_is_such_a_picture(rows, drawn):
    in_house = {row.concept for row in rows if row.split == "train" and row.style == HOUSE_STYLE}
    phrases = [phrase for style in STYLES.values() for phrase in style.phrases]
    plain = [one for one in drawn if not any(phrase in one.caption for phrase in phrases)]
    assert 0.4 < len(plain) / len(drawn) < 0.6
    alone = [one.placements[0].row for one in plain if one.kind in ("single", "count", "corner")]
    known = [row for row in alone if row.concept in in_house]
    assert len(known) > 100
    assert {row.style for row in known} == {HOUSE_STYLE}


def test_things_with_a_handedness_are_not_mirrored(drawn):
    for scene in drawn:
        for placement in scene.placements:
            assert not (
                placement.is_mirrored and set(placement.row.concept.split()) & scenes.HANDED
            )


def test_the_same_generator_state_draws_the_same_scenes(rows):
    pool = Pool.of_training(rows)
    captions = [
        [maker.draw().caption for _ in range(50)]
        for maker in (SceneMaker(pool, sprite_of, np.random.default_rng(5)) for _ in range(2))
    ]
    assert captions[0] == captions[1]


def test_many_pictures_of_a_concept_do_not_drown_the_others(make_row):
    rows = [make_row(number, concept="house") for number in range(30)] + [
        make_row(30, concept="cat")
    ]
    shares = row_shares(rows)
    assert shares[:30].sum() == pytest.approx(shares[30])
    assert shares.sum() == pytest.approx(1)


def test_a_concept_with_more_styles_is_drawn_as_often(make_row):
    rows = [make_row(0, style="flat"), make_row(1, style="noto"), make_row(2, concept="cat")]
    shares = row_shares(rows)
    assert shares[:2].sum() == pytest.approx(shares[2])
