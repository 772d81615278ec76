import numpy as np
import pytest
from training.data import colours, manifest
from training.data.sprites import sprite_path

torch = pytest.importorskip("torch", reason="torch is needed for training only")
batches_module = pytest.importorskip("training.data.batches")
Batches, evaluation_pairs = batches_module.Batches, batches_module.evaluation_pairs

WORDS = ("red", "green", "blue", "yellow", "purple", "orange")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_row):
    """Sprites of plain squares: one colour a concept, two styles, and two held-out rows."""
    folder = tmp_path_factory.mktemp("sprites")
    rows = []
    for number in range(2 * len(WORDS)):
        word = WORDS[number % len(WORDS)]
        rows.append(
            make_row(
                number,
                style=("flat", "noto")[number // len(WORDS)],
                concept=f"{word}ish block",
                keywords=("shape",),
                colours=(word,),
                split="heldout_concept" if word == "orange" else "train",
            )
        )
    for size in (64, 128):
        sprites = np.zeros((len(rows), size, size, 4), np.uint8)
        margin = round(size * 12 / 256)
        for row in rows:
            colour = np.append(colours.prototype(row.colours[0]) * 255, 255).round()
            sprites[row.index, margin:-margin, margin:-margin] = colour
        sprite_path(folder, size).write_bytes(sprites.tobytes())
    manifest.write_jsonl(rows, folder / "rows.jsonl")
    return folder


def test_a_batch_has_the_asked_shape_and_range(folder):
    rgba, captions, facts = Batches(folder, size=64, batch=16, seed=0).next()
    assert rgba.shape == (16, 4, 64, 64)
    assert rgba.dtype == torch.float32
    assert len(captions) == 16
    assert all(len(values) == 16 for values in facts.values())
    assert rgba.min() >= 0
    assert rgba.max() <= 1


def test_pictures_are_premultiplied(folder):
    rgba, _, _ = Batches(folder, size=64, batch=64, seed=0).next()
    assert (rgba[:, :3] <= rgba[:, 3:] + 1e-5).all()


def test_held_out_rows_are_never_in_a_batch(folder):
    batches = Batches(folder, size=64, batch=64, seed=0)
    seen = {name for _ in range(10) for names in batches.next()[2]["concepts"] for name in names}
    assert seen
    assert "orangeish block" not in seen


def test_evaluation_pairs_are_of_the_held_out_split_and_the_same_each_time(folder):
    first, captions, facts = evaluation_pairs(folder, size=64, split="heldout_concept", count=8)
    again, captions_again, _ = evaluation_pairs(folder, size=64, split="heldout_concept", count=8)
    assert set(facts["concept"]) == {"orangeish block"}
    assert torch.equal(first, again)
    assert captions == captions_again


def test_a_background_fills_the_picture_and_none_leaves_it_transparent(folder):
    rgba, _, facts = Batches(folder, size=64, batch=64, seed=1).next()
    for picture, words in zip(rgba, facts["background"], strict=True):
        assert (picture[3, 0, 0] == 1) == bool(words) or picture[3].min() == 0


def test_the_sprite_counted_is_there_as_often(folder):
    batches = Batches(folder, size=64, batch=128, seed=2)
    checked = 0
    for _ in range(4):
        rgba, _, facts = batches.next()
        for picture, kind, count, words in zip(
            rgba, facts["kind"], facts["count"], facts["background"], strict=True
        ):
            if kind == "count" and not words:
                assert number_of_islands((picture[3] > 0.5).numpy()) == count
                checked += 1
    assert checked > 5


def number_of_islands(mask):
    left = {tuple(place) for place in np.argwhere(mask)}
    islands = 0
    while left:
        islands += 1
        edge = [left.pop()]
        while edge:
            y, x = edge.pop()
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & left
            left -= near
            edge += near
    return islands


def test_the_relation_said_holds_in_the_pixels(folder):
    batches = Batches(folder, size=64, batch=128, seed=3)
    checked = 0
    for _ in range(4):
        rgba, _, facts = batches.next()
        for number, relation in enumerate(facts["relation"]):
            if facts["kind"][number] != "pair" or facts["background"][number]:
                continue
            if facts["is_recoloured"][number]:
                continue
            first, second = (
                middle_of(rgba[number], name.split("ish")[0]) for name in facts["concepts"][number]
            )
            holds = {
                "left": first[1] < second[1],
                "right": first[1] > second[1],
                "above": first[0] < second[0],
                "below": first[0] > second[0],
            }
            assert holds[relation]
            checked += 1
    assert checked > 10


def middle_of(picture, word):
    """Mean row and column of the pixels nearest to a word's colour."""
    rgb = picture[:3].permute(1, 2, 0).numpy()
    near = (np.abs(rgb - colours.prototype(word)).max(-1) < 0.1) & (picture[3].numpy() > 0.9)
    return np.argwhere(near).mean(0)


def test_the_words_of_a_recoloured_single_are_those_of_its_pixels(folder):
    batches = Batches(folder, size=64, batch=128, seed=4)
    checked = 0
    for _ in range(3):
        rgba, _, facts = batches.next()
        for number, turned in enumerate(facts["is_recoloured"]):
            if turned and facts["kind"][number] == "single" and not facts["background"][number]:
                seen = colours.dominant_words(rgba[number].permute(1, 2, 0).numpy())
                assert seen[:1] == facts["colours"][number][:1]
                checked += 1
    assert checked > 10


def test_a_batch_goes_on_from_its_state(folder):
    batches = Batches(folder, size=64, batch=8, seed=5)
    batches.next()
    state = batches.state_dict()
    expected, expected_captions, _ = batches.next()
    other = Batches(folder, size=64, batch=8, seed=99)
    other.load_state_dict(state)
    rgba, captions, _ = other.next()
    assert torch.equal(rgba, expected)
    assert captions == expected_captions


def test_another_size_shows_the_same_scenes(folder):
    small, captions, _ = Batches(folder, size=64, batch=8, seed=6).next()
    large, captions_large, _ = Batches(folder, size=128, batch=8, seed=6).next()
    assert captions == captions_large
    shrunk = torch.nn.functional.avg_pool2d(large, 2)
    assert (shrunk - small).abs().mean() < 0.03
