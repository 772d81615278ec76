"""The embedded generator on tiny graphs: the real engine, sampler and port, in milliseconds."""

import threading
from functools import partial

import numpy as np
import pytest

from limner.core.errors import DrawingCancelled, GeneratorUnavailable, PromptTooLong
from limner.core.records import Operation
from limner.generators.conformance import FACTS, Trial, try_fact
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.embedded.graphs import Graphs, precisions_here
from limner.generators.embedded.weights import Weights

SEEDS = [5, 6, 7]


def draw(generator, sketch, seeds=SEEDS, **watch):
    return list(generator.generate(generator.prepare(sketch), seeds, **watch))


@pytest.fixture
def source():
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (32, 32, 4)).astype(np.uint8)
    image[..., 3] = 255
    return image


@pytest.fixture
def mask():
    mask = np.zeros((32, 32), np.uint8)
    mask[8:20, 8:20] = 255
    return mask


def test_one_picture_a_seed_in_their_order(generator, sketch):
    assert [drawn.seed for drawn in draw(generator, sketch())] == SEEDS


def test_a_picture_has_the_size_of_the_canvas(generator, sketch):
    drawn = draw(generator, sketch())[0]
    assert drawn.image_HWC.shape == (32, 32, 4)
    assert drawn.image_HWC.dtype == np.uint8


def test_different_seeds_give_different_pictures(generator, sketch):
    first, second, _ = draw(generator, sketch())
    assert not np.array_equal(first.image_HWC, second.image_HWC)


def test_the_prompt_changes_the_picture(generator, sketch):
    apple, fox = (draw(generator, sketch(prompt=text), [5])[0] for text in ("a red apple", "fox"))
    assert not np.array_equal(apple.image_HWC, fox.image_HWC)


def test_a_negative_prompt_changes_the_picture(generator, sketch):
    plain, steered = (draw(generator, sketch(negative=text), [5])[0] for text in ("", "fox"))
    assert not np.array_equal(plain.image_HWC, steered.image_HWC)


def test_a_style_is_read_as_its_phrase_before_the_prompt(generator, sketch):
    styled = draw(generator, sketch(style="flat"), [5])[0]
    written = draw(generator, sketch(prompt="flat style, a red apple"), [5])[0]
    assert np.array_equal(styled.image_HWC, written.image_HWC)


def test_the_words_of_a_style_count_as_tokens(generator, sketch):
    assert generator.prepare(sketch(style="flat")).num_prompt_tokens == 6


def test_a_long_prompt_is_refused_with_what_would_be_kept(generator, sketch):
    with pytest.raises(PromptTooLong, match="has 8 tokens; only the first 6") as caught:
        generator.prepare(sketch(prompt="a red red apple on fox green green"))
    assert "on fox'" in caught.value.hint


def test_a_long_negative_prompt_is_refused_by_name(generator, sketch):
    with pytest.raises(PromptTooLong, match="negative prompt"):
        generator.prepare(sketch(negative="a red red apple on fox green green"))


def test_deterministic_bytes_do_not_depend_on_the_batch(generator, sketch):
    together = draw(generator, sketch(is_deterministic=True))
    alone = [draw(generator, sketch(is_deterministic=True), [seed])[0] for seed in SEEDS]
    assert all(
        np.array_equal(one.image_HWC, other.image_HWC)
        for one, other in zip(together, alone, strict=True)
    )


def test_a_deterministic_picture_is_drawn_in_a_precision_that_no_load_sways(
    weights_folder, sketch, tmp_path, monkeypatch
):
    def measured(graphs, precision):
        raise AssertionError("a precision was measured")

    monkeypatch.setattr(Graphs, "trial_run", measured)
    generator = EmbeddedGenerator(num_threads=1, weights=Weights(weights_folder), memory=tmp_path)
    assert draw(generator, sketch(is_deterministic=True), [5])[0].is_finite
    if len(precisions_here()) == 1:
        pytest.skip("This processor has one precision.")
    with pytest.raises(AssertionError, match="was measured"):
        draw(generator, sketch(), [5])


def test_a_picture_of_a_batch_can_be_drawn_alone(generator, sketch):
    together, alone = draw(generator, sketch())[1], draw(generator, sketch(), [SEEDS[1]])[0]
    apart = np.abs(together.image_HWC.astype(int) - alone.image_HWC)
    assert together.execution.batch_size == 3
    assert apart.max() <= 2


def test_requests_drawn_side_by_side_come_out_as_alone(generator, sketch):
    asked = [sketch(steps=steps, guidance=guide) for steps, guide in ((4, 3.0), (9, 1.0), (6, 5.0))]
    waits, drawn = threading.Barrier(3), {}

    def meet(told, number):
        if told.step == 1:
            waits.wait(timeout=20)

    def run(number):
        on_step = partial(meet, number=number)
        drawn[number] = draw(generator, asked[number], [5 + number], on_step=on_step)[0]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=20)
    for number, one in drawn.items():
        by_itself = draw(generator, asked[number], [5 + number])[0]
        assert np.abs(one.image_HWC.astype(int) - by_itself.image_HWC).max() <= 2
        assert one.execution.num_forwards == by_itself.execution.num_forwards
    assert max(one.execution.batch_size for one in drawn.values()) > 1


def test_a_prompt_is_read_once(generator, sketch, monkeypatch):
    draw(generator, sketch(), [5])
    monkeypatch.setattr(generator._networks, "read_caption", None)
    assert len(draw(generator, sketch(steps=2), [6])) == 1


def test_a_text_is_encoded_once_for_every_guidance(guided_weights_folder, sketch, monkeypatch):
    generator = EmbeddedGenerator(weights=Weights(guided_weights_folder))
    first = draw(generator, sketch(), [5])[0]
    monkeypatch.setattr(generator._networks, "read_tokens", None)
    other = draw(generator, sketch(guidance=9.0), [5])[0]
    assert not np.array_equal(first.image_HWC, other.image_HWC)


def rows_of_passes(generator, monkeypatch):
    """How many rows every pass has from now on, as a list that grows."""
    rows, run = [], generator._networks.predict_clean

    def counted(noisy, times_B, caption, **more):
        rows.append(len(times_B))
        return run(noisy, times_B, caption, **more)

    monkeypatch.setattr(generator._networks, "predict_clean", counted)
    return rows


@pytest.mark.parametrize(
    ("folder", "changes", "num_rows"),
    [
        ("weights_folder", {}, 2),
        ("weights_folder", {"guidance": 1.0}, 1),
        ("guided_weights_folder", {}, 1),
        ("guided_weights_folder", {"guidance": 1.0}, 1),
        ("guided_weights_folder", {"negative": "fox"}, 2),
    ],
)
def test_a_picture_takes_a_second_row_only_where_guidance_needs_it(
    request, sketch, monkeypatch, folder, changes, num_rows
):
    generator = EmbeddedGenerator(weights=Weights(request.getfixturevalue(folder)))
    rows = rows_of_passes(generator, monkeypatch)
    draw(generator, sketch(**changes), [5])
    assert rows == [num_rows] * 4


def test_weights_that_read_guidance_draw_by_it(guided_weights_folder, sketch):
    generator = EmbeddedGenerator(weights=Weights(guided_weights_folder))
    little, much = (draw(generator, sketch(guidance=one), [5])[0] for one in (2.0, 8.0))
    assert not np.array_equal(little.image_HWC, much.image_HWC)


def test_no_more_pictures_are_drawn_together_than_the_setting_says(weights_folder, sketch):
    generator = EmbeddedGenerator(weights=Weights(weights_folder), batch_size=2)
    assert [drawn.execution.batch_size for drawn in draw(generator, sketch())] == [2, 2, 1]


@pytest.mark.parametrize(("sampler", "num_forwards"), [("dpm++2m", 4), ("euler", 4), ("heun", 7)])
def test_what_ran_is_told(generator, sketch, sampler, num_forwards):
    ran = draw(generator, sketch(sampler=sampler), [5])[0].execution
    assert (ran.steps, ran.num_forwards) == (4, num_forwards)
    assert ran.engine == "openvino"
    assert ran.precision in ("bf16", "f32")
    assert set(ran.versions) == {"openvino"}


def test_the_number_of_threads_is_the_one_asked_for(weights_folder, sketch):
    generator = EmbeddedGenerator(weights=Weights(weights_folder), num_threads=1)
    assert draw(generator, sketch(), [5])[0].execution.num_threads == 1


def test_strength_shortens_the_way(generator, sketch, source):
    image = sketch(operation=Operation.IMAGE, source_HWC=source, strength=0.5)
    assert draw(generator, image, [5])[0].execution.steps == 2


def test_more_strength_leaves_the_source_further(generator, sketch, source):
    far = [
        np.abs(
            draw(
                generator,
                sketch(operation=Operation.IMAGE, source_HWC=source, strength=strength),
                [5],
            )[0].image_HWC.astype(int)
            - draw(generator, sketch(), [5])[0].image_HWC
        ).mean()
        for strength in (0.1, 1.0)
    ]
    assert far[1] < far[0]


def test_pixels_outside_the_mask_stay_as_they_were(generator, sketch, source, mask):
    painted = draw(generator, sketch(operation=Operation.MASK, source_HWC=source, mask_HW=mask))
    assert all(np.array_equal(drawn.image_HWC[mask == 0], source[mask == 0]) for drawn in painted)


def test_pixels_inside_the_mask_are_painted(generator, sketch, source, mask):
    drawn = draw(generator, sketch(operation=Operation.MASK, source_HWC=source, mask_HW=mask), [5])[
        0
    ]
    assert (drawn.image_HWC[mask == 255] != source[mask == 255]).any(axis=1).mean() > 0.9


def test_every_step_is_told(generator, sketch):
    told = []
    draw(generator, sketch(), on_step=told.append)
    assert [(one.step, one.num_steps, one.batch_size) for one in told] == [
        (step, 4, 3) for step in (1, 2, 3, 4)
    ]


def test_a_preview_shows_every_picture_in_hand(generator, sketch):
    shapes = []
    draw(generator, sketch(), on_step=lambda told: shapes.append(told.read_preview().shape))
    assert shapes == [(3, 8, 8, 4)] * 4


def test_drawing_stops_between_steps(generator, sketch):
    told = []
    with pytest.raises(DrawingCancelled):
        draw(generator, sketch(), on_step=told.append, is_cancelled=lambda: len(told) == 2)
    assert len(told) == 2


def test_pictures_finished_before_a_stop_stay_good(weights_folder, sketch):
    generator = EmbeddedGenerator(weights=Weights(weights_folder), batch_size=1)
    drawn = []
    pictures = generator.generate(
        generator.prepare(sketch()), SEEDS, is_cancelled=lambda: bool(drawn)
    )
    drawn.append(next(pictures))
    with pytest.raises(DrawingCancelled):
        next(pictures)
    assert drawn[0].seed == SEEDS[0]


def test_a_picture_that_is_not_finite_says_so_and_shows_nothing(broken_weights, sketch):
    drawn = draw(EmbeddedGenerator(weights=Weights(broken_weights)), sketch(), [5])[0]
    assert not drawn.is_finite
    assert not drawn.image_HWC.any()


def test_a_finite_picture_says_so(generator, sketch):
    assert all(drawn.is_finite for drawn in draw(generator, sketch()))


def test_weights_that_do_not_match_are_never_run(weights_folder, sketch):
    path = weights_folder / "denoise.xml"
    path.write_text(path.read_text().replace("Tanh", "Sinh"))
    with pytest.raises(GeneratorUnavailable, match=r"denoise\.xml"):
        draw(EmbeddedGenerator(weights=Weights(weights_folder)), sketch(), [5])


def test_the_card_needs_no_network(weights_folder):
    for path in weights_folder.glob("*.bin"):
        path.unlink()
    assert EmbeddedGenerator(weights=Weights(weights_folder)).card.max_prompt_tokens == 6


@pytest.mark.parametrize("fact", FACTS)
def test_it_conforms(generator, fact):
    tried = try_fact(Trial(generator=generator), fact)
    assert tried.holds is not False, tried.told


def test_a_fresh_generator_loads_networks_of_its_own(weights_folder):
    def networks(**options):
        return EmbeddedGenerator(weights=Weights(weights_folder), **options)._networks

    assert networks() is networks()
    assert networks(is_fresh=True) is not networks()
