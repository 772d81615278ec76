"""Films made here, with the codecs of PyAV; every shot is one still that moves sideways."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.app import open_looker
from limner.core.looking import Shot
from limner.studio.look import films
from limner.studio.look.films import clock_time, cut_film, frame_of, frames_to_look_at
from limner.studio.look.looker import Asked
from limner.studio.look.reading import read
from limner.studio.look.rows import rows_of
from limner.studio.look.run import begin_look, look
from limner.studio.look.sources import Fault, Item

REASON = "films need the extra video"
av = pytest.importorskip("av", reason=REASON)
pytest.importorskip("scenedetect", reason=REASON)

RATE = 10


def still(seed):
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, 256, (6, 8, 3), np.uint8), np.ones((20, 20, 1), np.uint8))


def write_film(path, shots, codec="mpeg4", options=None):
    """A film of stills, each for so many seconds."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for seed, seconds in shots:
            for number in range(int(seconds * RATE)):
                frame = av.VideoFrame.from_ndarray(np.roll(still(seed), number, 1), format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return Item(name=path.name, path=str(path))


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mpeg4"), ("a.mkv", "mpeg4")])
def test_shots_are_found_where_one_still_gives_way_to_the_next(tmp_path, name, codec):
    cut = cut_film(write_film(tmp_path / name, [(1, 2), (2, 3), (3, 2)], codec))
    spans = [(one.number, one.start_s, one.end_s) for one in cut.shots]
    assert (spans, cut.fault) == ([(0, 0.0, 2.0), (1, 2.0, 5.0), (2, 5.0, 7.0)], None)


def test_a_long_shot_has_a_frame_every_ten_seconds(tmp_path):
    cut = cut_film(write_film(tmp_path / "long.mp4", [(1, 25)]))
    assert [one.number for one in cut.shots] == [0, 0, 0]
    assert all(b.at_s - a.at_s <= 10 for a, b in pairwise(cut.shots))


def test_a_frame_is_the_one_at_its_time(tmp_path):
    item = write_film(tmp_path / "a.mp4", [(1, 2), (2, 3)])
    cut = cut_film(item)
    for frame, seed in zip(frames_to_look_at(item, cut), (1, 2), strict=True):
        picture = read(frame_of(frame), frame.name, 1).picture
        number = round((frame.shot.at_s - frame.shot.start_s) * RATE)
        rgb_HWC = picture.image_HWC[..., :3].astype(int)
        apart = [np.abs(rgb_HWC - np.roll(still(seed), one, 1)).mean() for one in range(30)]
        assert np.argmin(apart) == number


def test_the_same_frame_has_the_same_bytes(tmp_path):
    item = write_film(tmp_path / "a.mp4", [(1, 2)])
    (frame,) = frames_to_look_at(item, cut_film(item))
    assert frame_of(frame) == frame_of(frame)


def test_a_film_without_the_extra_is_named_with_what_to_install(tmp_path, monkeypatch):
    item = write_film(tmp_path / "a.mp4", [(1, 1)])

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(films, "import_module", missing)
    assert "limner[video]" in cut_film(item).fault.sentence


def sound_only(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def no_frames(path):
    """All of a film up to its first frame."""
    write_film(path, [(1, 1)])
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])


def zero_length(path):
    """A whole film whose stream is 0 seconds long."""
    write_film(path, [])


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("zero.mp4", zero_length, "'zero.mp4'"),
        ("zero.mkv", zero_length, "'zero.mkv'"),
        ("empty.mp4", lambda path: path.write_bytes(b""), "is empty"),
        ("text.mp4", lambda path: path.write_text("no film"), "is no film that can be read"),
        ("noise.mkv", lambda path: path.write_bytes(b"\x1a\x45\xdf\xa3" * 99), "is no film"),
        ("sound.mp4", sound_only, "has no moving picture"),
        ("none.mkv", no_frames, "is no film that can be read"),
    ],
)
def test_a_film_without_a_frame_is_named(tmp_path, name, write, said):
    write(tmp_path / name)
    cut = cut_film(Item(name=name, path=str(tmp_path / name)))
    assert cut.shots == ()
    assert name in cut.fault.sentence
    assert said in cut.fault.sentence


def test_a_stream_that_gives_no_frame_is_named(tmp_path, monkeypatch):
    item = write_film(tmp_path / "a.mp4", [(1, 1)])
    monkeypatch.setattr(films, "_find_cuts", lambda *_: None)  # as a decoder that gives nothing
    assert cut_film(item).fault.sentence == "'a.mp4' has no frame in it."


def test_a_playlist_under_the_name_of_a_film_opens_no_other_file(tmp_path):
    other = write_film(tmp_path / "other.mp4", [(1, 1)])
    lists = {
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other.path}\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{other.path}'\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        assert cut_film(Item(name=name, path=str(tmp_path / name))).shots == ()


def test_a_cut_film_gives_its_first_shots_and_says_that_it_breaks_off(tmp_path):
    item = write_film(tmp_path / "a.mkv", [(1, 2), (2, 2), (3, 2)])
    content = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(content[: len(content) // 2])
    cut = cut_film(item)
    assert cut.shots[0].number == 0
    assert cut.shots[-1].end_s < 5


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_film_that_was_not_fetched_whole_says_that_it_breaks_off(tmp_path, name):
    options = {"movflags": "faststart"} if name == "a.mp4" else {}
    write_film(tmp_path / name, [(1, 3), (2, 3)], options=options)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    cut = cut_film(Item(name=name, path=str(tmp_path / name)))
    assert cut.shots
    assert cut.shots[-1].end_s < 5
    assert cut.fault is not None
    assert (cut.fault.code, "breaks off after" in cut.fault.sentence) == ("film_broken", True)


def test_a_last_picture_that_stands_long_is_no_break(tmp_path):
    with av.open(str(tmp_path / "slides.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for at in (0, 40):
            frame = av.VideoFrame.from_ndarray(still(at), format="rgb24")
            frame.pts = at
            container.mux(stream.encode(frame))
        for packet in stream.encode():
            packet.duration = 60
            container.mux(packet)
    item = Item(name="slides.mp4", path=str(tmp_path / "slides.mp4"))
    assert cut_film(item).fault is None


@pytest.mark.parametrize("at_s", [-5.0, 99.0])
def test_a_time_outside_the_film_gives_no_frame_of_another_time(tmp_path, at_s):
    item = write_film(tmp_path / "a.mp4", [(1, 1)])
    shot = Shot(0, 0.0, 1.0, at_s)
    found = frame_of(Item(name="a.mp4#x", path=item.path, shot=shot))
    assert isinstance(found, Fault) or at_s < 0


def test_times_are_told_as_on_a_clock():
    assert clock_time(3723.4567) == "01:02:03.457"


def test_a_look_at_a_folder_has_a_row_for_every_shot_with_its_times(parts, tmp_path):
    write_film(tmp_path / "a.mp4", [(4, 2), (5, 2)])
    (tmp_path / "bad.webm").write_bytes(b"\x1a\x45\xdf\xa3")
    PillowImage.fromarray(still(6)).save(tmp_path / "c.png")
    opening = partial(open_looker, parts.settings, Asked())
    run = begin_look(parts, [tmp_path], Asked(), opening().sha256)
    list(look(parts, run, opening, num_processes=1))
    rows = [row.document for row in rows_of(parts, run.run_id)]
    told = [(row["name"].rpartition("/")[2], row.get("outcome"), row["shot"]) for row in rows]
    assert told == [
        ("a.mp4#00:00:01.000", "released", {"number": 0, "start_s": 0, "end_s": 2, "at_s": 1}),
        ("a.mp4#00:00:03.000", "released", {"number": 1, "start_s": 2, "end_s": 4, "at_s": 3}),
        ("bad.webm", None, None),
        ("c.png", "released", None),
    ]
