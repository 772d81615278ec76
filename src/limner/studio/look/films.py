"""Films: where their shots begin and end, and the frames that stand for them.

A film is read twice: once from end to end to find its shots, at small size, and once more for each
frame that is looked at. Both happen in processes that a broken film may take along. Only containers
that hold their frames themselves are opened, so that no file leads to another file or an address.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

from PIL import Image as PillowImage

from limner.core.looking import Shot
from limner.studio.look.sources import FILM_SUFFIXES, Fault, Item

# Containers by their names in FFmpeg; playlists, image series and devices are not among them.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg"
SMALL_PX = 192  # longest side of the frames in which shots are looked for
LEAST_SHOT_SECONDS = 0.5
FRAME_EVERY_SECONDS = 10.0  # a longer shot has more than one frame that is looked at
MOST_FRAMES = 2000  # that are looked at in one film
USUAL_RATE = 25.0  # frames a second, where a film does not say
MOST_MISSING_SECONDS = 1.0  # at its end, of what a film says that it has
MISSING = "is a film, and reading films needs the extra: pip install 'limner[video]'."


class Cut(NamedTuple):
    """A film's shots.

    Attributes:
        shots: one for every frame that is to be looked at, in order of time.
        fault: why there are none, or no more.
    """

    shots: tuple[Shot, ...]
    fault: Fault | None


class _Unreadable(Exception):
    """One clause about a film."""


def is_film(item: Item) -> bool:
    """Whether it is to be read as a film, by its name."""
    return item.path is not None and item.name.lower().endswith(FILM_SUFFIXES)


def cut_film(item: Item) -> Cut:
    """Find the shots of a film; nothing is raised for what is wrong with it."""
    times: list[float] = []  # of every frame, seconds
    cuts: list[int] = []  # frames that begin a shot
    fault = None
    try:
        with _opened(item) as (container, stream):
            _find_cuts(container, stream, times, cuts)
    except _Unreadable as error:
        fault = Fault("film_unreadable", f"{item.name!r} {error}")
    if not times:
        return Cut((), fault or Fault("film_empty", f"{item.name!r} has no frame in it."))
    shots = list(_shots(times, sorted({0, *cuts})))
    if fault is not None:
        told = f"{item.name!r} breaks off after {clock_time(times[-1])}; the rest cannot be read."
        fault = Fault("film_broken", told)
    elif len(shots) > MOST_FRAMES:
        told = f"Of {item.name!r} the first {MOST_FRAMES:,} frames were looked at; cut it in parts."
        fault = Fault("film_too_long", told)
    return Cut(tuple(shots[:MOST_FRAMES]), fault)


def frame_of(item: Item) -> bytes | Fault:
    """The frame of a film that an item is about, upright, as a PNG; or why it cannot be had."""
    assert item.shot is not None
    try:
        with _opened(item) as (container, stream):
            container.seek(int(item.shot.at_s / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                # Times are rounded when they are told.
                if frame.time is not None and frame.time >= item.shot.at_s - 1e-3:
                    return _png(frame)
    except _Unreadable as error:
        return Fault("film_unreadable", f"{item.name!r} {error}")
    except Exception as error:
        if isinstance(error, import_module("av").FFmpegError):
            return Fault("frame_unreadable", f"{item.name!r} cannot be decoded.")
        raise
    return Fault("frame_unreadable", f"{item.name!r} is not found again in its film.")


def frames_to_look_at(item: Item, cut: Cut) -> Iterator[Item]:
    """An item for every frame, and one for what is wrong with the film."""
    for shot in cut.shots:
        name = f"{item.name}#{clock_time(shot.at_s)}"
        yield Item(name=name, path=item.path, shot=shot)
    if cut.fault is not None:
        yield Item(name=item.name, fault=cut.fault)


def clock_time(seconds: float) -> str:
    """As ``00:01:02.480``."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _find_cuts(container: Any, stream: Any, times: list[float], cuts: list[int]) -> None:  # noqa: ANN401 - an extra
    detectors = import_module("scenedetect.detectors")
    frame_code = import_module("scenedetect.common").FrameTimecode
    rate = float(stream.average_rate or USUAL_RATE)
    detector = detectors.ContentDetector(min_scene_len=max(round(LEAST_SHOT_SECONDS * rate), 1))
    scale = min(1.0, SMALL_PX / max(stream.width, stream.height))
    width, height = (max(int(side * scale), 8) for side in (stream.width, stream.height))
    ends_s = 0.0
    try:
        for frame in container.decode(stream):
            if frame.time is None:
                continue
            code = frame_code(len(times), rate)
            times.append(float(frame.time))
            ends_s = times[-1] + float((frame.duration or 0) * frame.time_base)
            small_HWC = frame.reformat(width, height, "bgr24").to_ndarray()
            cuts += [one.frame_num for one in detector.process_frame(code, small_HWC)]
    except import_module("av").FFmpegError as error:
        raise _Unreadable("cannot be decoded to its end.") from error
    # Of a file that is cut off FFmpeg gives what is there, and no error.
    if times and ends_s < _said_end(container, stream) - MOST_MISSING_SECONDS:
        raise _Unreadable("ends before its time.")


def _said_end(container: Any, stream: Any) -> float:  # noqa: ANN401 - an extra
    """When a film's pictures end as it says itself, in seconds; 0 where it does not say.

    Sound may go on after the last picture, so the whole file's length counts only without any.
    """
    if stream.duration is not None:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    of_track = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", ""))
    if of_track is not None:  # Matroska
        hours, minutes, seconds = map(float, of_track.groups())
        return 3600 * hours + 60 * minutes + seconds
    return (container.duration or 0) / 1e6 if len(container.streams) == 1 else 0.0


def _shots(times: list[float], begins: list[int]) -> Iterator[Shot]:
    last_frame = times[-1] + (times[-1] - times[0]) / max(len(times) - 1, 1)
    for number, begin in enumerate(begins):
        end = begins[number + 1] if number + 1 < len(begins) else len(times)
        until = times[end] if end < len(times) else last_frame
        num = max(1, math.ceil((until - times[begin]) / FRAME_EVERY_SECONDS))
        for part in range(num):
            at = begin + int((part + 0.5) * (end - begin) / num)
            yield Shot(number, *(round(one, 3) for one in (times[begin], until, times[at])))


@contextmanager
def _opened(item: Item) -> Generator[tuple[Any, Any]]:
    """A film's container and its first stream of moving pictures."""
    assert item.path is not None
    try:
        av = import_module("av")
        import_module("scenedetect.detectors")
    except ImportError as error:
        raise _Unreadable(MISSING) from error
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    try:
        with open(item.path, "rb") as file:
            if not file.read(1):
                raise _Unreadable("is empty.")
            file.seek(0)
            with av.open(file, options=options) as container:
                streams = container.streams.video
                if not streams or not streams[0].width:
                    raise _Unreadable("has no moving picture in it.")
                streams[0].thread_count = 1  # the other processes have the other cores
                yield container, streams[0]
    except av.FFmpegError as error:
        raise _Unreadable("is no film that can be read.") from error
    except OSError as error:
        raise _Unreadable(f"cannot be read: {(error.strerror or '').lower()}.") from error


def _png(frame: Any) -> bytes:  # noqa: ANN401 - an extra
    picture = PillowImage.fromarray(frame.to_ndarray(format="rgb24"))
    upright = picture.rotate(frame.rotation, expand=True) if frame.rotation else picture
    content = io.BytesIO()
    upright.save(content, "PNG", compress_level=1)
    return content.getvalue()
