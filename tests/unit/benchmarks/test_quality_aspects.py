import json

import numpy as np
import pytest
from benchmarks.figure import Benchmark, Goal, Measurement
from benchmarks.quality import known_truth, specification
from benchmarks.quality.aspects import Aspect, read_aspect
from benchmarks.quality.held_out import clear_ground, laid_over, painted_ground
from benchmarks.quality.intervals import share_with_interval
from benchmarks.quality.judging import has_colour, has_count, has_ground
from benchmarks.quality.measure import per_cent
from benchmarks.quality.specification import Asked


class Painter:
    """Draws the ground asked, or with every seed from `broken_from` on nothing at all."""

    styles = ("flat",)
    concepts = frozenset(("apple",))

    def __init__(self, broken_from: int = 99, obeys: bool = True) -> None:
        self.broken_from = broken_from
        self.obeys = obeys

    def draw(self, asked: Asked, num_seeds: int = 4):
        rng = np.random.default_rng(1)
        word = asked.ground if self.obeys else "teal" if asked.ground != "teal" else "red"
        return [
            painted_ground(word, rng) if number < self.broken_from else None
            for number in range(num_seeds)
        ]


GROUND = Aspect(
    name="background-colour",
    asked=lambda _: specification.grounds()[:20],
    judges={"right": has_ground},
    known=lambda rng: known_truth.known_grounds(rng, 60),
)


def test_an_aspect_is_full_when_every_picture_is_right():
    assert read_aspect(GROUND, Painter()).shares == {"right": 1.0}


def test_an_aspect_is_nothing_when_every_picture_is_wrong():
    assert read_aspect(GROUND, Painter(obeys=False)).shares == {"right": 0.0}


def test_broken_pictures_count_as_wrong():
    assert read_aspect(GROUND, Painter(broken_from=3)).shares == {"right": 0.75}


def test_broken_pictures_are_counted():
    assert read_aspect(GROUND, Painter(broken_from=3)).num_broken == 20


def test_a_quick_reading_takes_few_pictures():
    assert read_aspect(GROUND, Painter(), is_quick=True).num_pictures == 12


@pytest.mark.parametrize(
    ("judge", "known"),
    [
        (has_ground, known_truth.known_grounds),
        (has_colour, known_truth.known_colours),
        (has_count, lambda rng: known_truth.known_counts(rng, 60)),
    ],
    ids=["ground", "colour", "count"],
)
def test_a_judge_of_pixels_is_right_on_known_truth(judge, known):
    assert known_truth.accuracy(judge, known(np.random.default_rng(2))) >= 0.95


def test_a_judge_that_always_agrees_is_worth_a_half():
    known = known_truth.known_grounds(np.random.default_rng(2), 40)
    assert known_truth.accuracy(lambda image, asked: True, known) == 0.5


def test_share_with_interval_is_the_mean_of_all_pictures():
    share, _ = share_with_interval([[1, 1], [0, 0], [1, 0]], np.random.default_rng(1))
    assert share == 0.5


def test_an_interval_widens_when_pictures_of_a_prompt_agree():
    rng = np.random.default_rng(1)
    alike = [[1.0] * 4] * 20 + [[0.0] * 4] * 20
    mixed = [[1.0, 1.0, 0.0, 0.0]] * 40
    (low, high), (mixed_low, mixed_high) = (
        share_with_interval(groups, rng)[1] for groups in (alike, mixed)
    )
    assert high - low > mixed_high - mixed_low


def test_the_figure_of_an_aspect_is_one_json_object():
    reading = read_aspect(GROUND, Painter(broken_from=3))
    low, high = reading.interval
    benchmark = Benchmark(
        name="background-colour",
        title="Draw",
        unit="%",
        goal=Goal(">=", 85),
        measure=lambda is_quick: Measurement(
            value=per_cent(reading.shares["right"]),
            n=reading.num_pictures,
            interval=(per_cent(low), per_cent(high)),
        ),
    )
    figure = json.loads(json.dumps(benchmark.run(is_quick=False).as_dict()))
    assert figure == {
        "name": "background-colour",
        "value": 75.0,
        "unit": "%",
        "goal": ">= 85",
        "holds": False,
        "n": 80,
        "interval": [75.0, 75.0],
    }


def test_the_seen_concepts_are_300():
    assert len({asked.concept for asked in specification.seen_concepts()}) == 300


def test_the_seen_concepts_were_trained_on_in_four_styles():
    styles = specification.trained_styles()
    assert all(len(styles[asked.concept]) >= 4 for asked in specification.seen_concepts())


def test_the_held_out_concepts_were_never_trained_on():
    trained = specification.trained_styles()
    assert not [one for one in specification.held_out_concepts() if one.concept in trained]


def test_the_held_out_combinations_were_never_trained_on():
    trained = specification.trained_styles()
    asked = specification.held_out_combinations()
    assert not [one for one in asked if one.style in trained[one.concept]]


@pytest.mark.parametrize(
    "asked",
    [
        specification.grounds,
        specification.coloured_things,
        specification.counted_things,
        specification.placed_pairs,
        lambda: specification.styled_things(["flat"]),
    ],
    ids=["grounds", "colours", "counts", "places", "styles"],
)
def test_every_thing_asked_for_was_trained_on(asked):
    things = {name for one in asked() for name in (one.concept, one.other) if name}
    assert not things - specification.trained_styles().keys()


def test_laid_over_keeps_the_ground_where_the_sprite_is_clear():
    sprite_HWC = np.zeros((64, 64, 4), np.uint8)
    sprite_HWC[16:48, 16:48] = (200, 0, 0, 255)
    laid_HWC = laid_over(clear_ground(), sprite_HWC, left=0.5, top=0.5, side=0.5)
    assert laid_HWC[..., 3].sum() == pytest.approx(255 * 32 * 32, rel=0.1)
