"""Draws what a training picture shows: which sprites, where, how large, in which colours, on
which background.

A scene is plain data with the facts that its caption states, so that captions and pixels agree by
construction. Painting is done elsewhere. Lengths are in shorter sides of the canvas; (0, 0) is its
top left corner. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from training.data import captions, colours
from training.data.captions import Parts
from training.data.colours import Floats
from training.data.manifest import Row
from training.data.pool import Pool
from training.data.styles import STYLES

Kind = Literal["single", "count", "pair", "sizes", "corner", "several"]
Ground = Literal["transparent", "plain", "split", "gradient"]

KINDS: tuple[Kind, ...] = ("single", "count", "pair", "sizes", "corner", "several")
KIND_SHARES = (0.44, 0.07, 0.32, 0.05, 0.06, 0.06)
GROUNDS: tuple[Ground, ...] = ("transparent", "plain", "split", "gradient")
GROUND_SHARES = (0.45, 0.45, 0.04, 0.06)
STYLED_SHARE = 0.5  # of captions, which name a style
# Of scenes, which lie straight, in the middle and as large as they can be: what is moved by half a cell of
# the latents is another picture to whoever learns it.
STEADY_SHARE = 0.75
CONTENT = 232 / 256
COLOUR_JITTER = 0.035
PAINTED_SHARE = 0.7  # of the recoloured; a turn of the hue never makes brown, white or black
BRIGHT_WORDS = tuple(word for word in colours.WORDS if word not in ("black", "white", "grey"))

# Mirroring these would make them wrong.
HANDED = frozenset(
    (
        "clock watch stopwatch computer keyboard laptop musical note notes calculator dice "
        "book newspaper scroll television map globe telephone receiver letter dollar euro "
        "pound yen coin banknote quaver saxophone guitar violin question exclamation crescent "
        "waxing waning quarter gibbous moon"
    ).split()
)

Box = tuple[float, float, float]


class Canvas(NamedTuple):
    """Width and height in shorter sides."""

    width: float
    height: float

    @property
    def is_long(self) -> bool:
        """Whether one side is longer."""
        return self.width != self.height


SQUARE, WIDE, TALL = Canvas(1, 1), Canvas(1.5, 1), Canvas(1, 1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One sprite in the square at (left, top), then scaled, shifted and turned in it."""

    row: Row
    left: float
    top: float
    side: float
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    degrees: float = 0.0
    is_mirrored: bool = False
    recolouring: Floats | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is behind the sprites; two colours for a split or a gradient, along x or y."""

    ground: Ground
    words: tuple[str, ...] = ()
    rgb: tuple[Floats, ...] = ()
    is_across: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One training picture before it is painted, with its caption.

    Attributes:
        canvas: its form.
        relation: where the first sprite is against the second ("left", "right", "above",
            "below"), or the corner it is in.
    """

    kind: Kind
    placements: tuple[Placement, ...]
    background: Background
    caption: str
    canvas: Canvas
    relation: str = ""


@dataclass(slots=True)
class SceneMaker:
    """Draws scenes from the pictures of a pool.

    Attributes:
        pool: the pictures that may be used.
        sprite_of: a picture small, premultiplied RGBA in 0..1: enough to tell its colours.
        canvas: the form of the next scenes.
    """

    pool: Pool
    sprite_of: Callable[[Row], Floats]
    generator: np.random.Generator
    canvas: Canvas = SQUARE
    _names_style: bool = field(default=True, init=False)
    _is_steady: bool = field(default=False, init=False)

    def draw(self, row: Row | None = None) -> Scene:
        """Draw a scene; a given row makes a single picture of it."""
        self._names_style = self.generator.random() < STYLED_SHARE
        self._is_steady = self.generator.random() < STEADY_SHARE
        kind = (
            "single"
            if row is not None
            else KINDS[int(self.generator.choice(len(KINDS), p=KIND_SHARES))]
        )
        match kind:
            case "single":
                return self._single(row or self._row())
            case "count":
                return self._count()
            case "pair":
                return self._pair()
            case "sizes":
                return self._sizes()
            case "corner":
                return self._corner()
            case "several":
                return self._several()

    # --- one thing

    def _single(self, row: Row) -> Scene:
        scale = 1.0 if self._is_steady else self.generator.uniform(0.8, 1.1)
        room = 0.0 if self._is_steady else min(0.06, max(0.0, (1 - CONTENT * scale) / 2))
        middle = ((self.canvas.width - 1) / 2, (self.canvas.height - 1) / 2, 1.0)
        placement = self._placed(row, middle, scale=scale, room=room)
        layout = "centered" if room < 0.03 and self.generator.random() < 0.1 else ""
        return self._finished("single", (placement,), self._subject(placement), layout=layout)

    def _corner(self) -> Scene:
        row = self._row()
        side = self.generator.uniform(0.34, 0.5)
        right, bottom = self.canvas.width - side, self.canvas.height - side
        spots: dict[str, tuple[float, float]] = {
            "top left corner": (0, 0), "top right corner": (right, 0),
            "bottom left corner": (0, bottom), "bottom right corner": (right, bottom),
            "top": (right / 2, 0), "bottom": (right / 2, bottom), "left": (0, bottom / 2),
            "right": (right, bottom / 2), "center": (right / 2, bottom / 2),
        }  # fmt: skip
        spot = list(spots)[int(self.generator.integers(len(spots)))]
        left, top = spots[spot]
        placement = self._placed(row, (left, top, side))
        joint = (
            "on the"
            if spot in ("left", "right")
            else "at the"
            if spot in ("top", "bottom")
            else "in the"
        )
        subject = self._subject(placement, size="small")
        return self._finished("corner", (placement,), f"{subject} {joint} {spot}", relation=spot)

    # --- several of one thing

    def _count(self) -> Scene:
        row = self._row(lambda row: captions.can_be_counted(row.concept))
        count = int(self.generator.choice((2, 3, 4, 5), p=(0.33, 0.33, 0.22, 0.12)))
        boxes = _boxes_for(count, self.canvas, self.generator)
        first = self._placed(row, boxes[0])
        same = {
            "recolouring": first.recolouring,
            "words": first.words,
            "is_mirrored": first.is_mirrored,
        }
        placements = (
            first,
            *(Placement(row=row, left=x, top=y, side=side, **same) for x, y, side in boxes[1:]),
        )
        name = captions.plural(captions.said_name(row.concept, self.generator, 0.1))
        subject = (
            f"{captions.COUNT_WORDS[count]} {captions.coloured(name, self._said_colours(first))}"
        )
        return self._finished("count", placements, subject)

    # --- different things

    def _pair(self) -> Scene:
        one, two = self._rows(2)
        width, height = self.canvas
        is_across = self.generator.random() < 0.5 + 0.4 * (width - height) * 2
        length, breadth = (width, height) if is_across else (height, width)
        side = length * (0.5 if self._is_steady else self.generator.uniform(0.4, 0.49))
        slack = (length - 2 * side) / 2
        near = self.generator.uniform(0, slack)
        far = length - side - self.generator.uniform(0, slack)
        stray = 0.0 if self._is_steady else 0.1
        cross = [(breadth - side) / 2 + self.generator.uniform(-stray, stray) for _ in range(2)]
        boxes = (
            ((near, cross[0], side), (far, cross[1], side))
            if is_across
            else ((cross[0], near, side), (cross[1], far, side))
        )
        placements = tuple(
            self._placed(row, box) for row, box in zip((one, two), boxes, strict=True)
        )
        first, second = self._subjects(placements)
        subject, relation = _relation_phrase(first, second, is_across, self.generator)
        ordered = placements if relation in ("left", "above") else placements[::-1]
        return self._finished("pair", ordered, subject, relation=relation)

    def _sizes(self) -> Scene:
        one, two = self._rows(2)
        width, height = self.canvas
        large, small = (
            width * self.generator.uniform(*sides) for sides in ((0.56, 0.62), (0.26, 0.32))
        )
        large_left = self.generator.random() < 0.5
        tops = [self.generator.uniform(0, height - side) for side in (large, small)]
        right = width - 0.01
        lefts = (0.01, right - small) if large_left else (right - large, 0.01)
        placements = (
            self._placed(one, (lefts[0], tops[0], large)),
            self._placed(two, (lefts[1], tops[1], small)),
        )
        big = self._subject(placements[0], size=("big", "large")[int(self.generator.integers(2))])
        little = self._subject(
            placements[1], size=("small", "tiny")[int(self.generator.integers(2))]
        )
        joint = " and " if self.generator.random() < 0.6 else " next to "
        if self.generator.random() < 0.5:
            return self._finished("sizes", placements, f"{big}{joint}{little}")
        return self._finished("sizes", placements[::-1], f"{little}{joint}{big}")

    def _several(self) -> Scene:
        rows = self._rows(3)
        placements = tuple(
            self._placed(row, box)
            for row, box in zip(rows, _boxes_for(3, self.canvas, self.generator), strict=True)
        )
        first, second, third = self._subjects(placements)
        return self._finished("several", placements, f"{first}, {second} and {third}")

    # --- parts of a scene

    def _row(self, fits: Callable[[Row], bool] = lambda row: True) -> Row:
        """One row that fits; in the house style where the caption is to name none."""
        row = self.pool.draw(self.generator, fits)
        return row if self._names_style else self.pool.in_house_style(row, self.generator)

    def _rows(self, count: int) -> list[Row]:
        """Rows of different concepts in one style."""
        rows = [self._row()]
        while len(rows) < count:
            row = self.pool.draw_in_style(rows[0].style, self.generator)
            if all(row.concept != other.concept for other in rows):
                rows.append(row)
        return rows

    def _placed(self, row: Row, box: Box, scale: float = 1.0, room: float = 0.0) -> Placement:
        recolouring = self._recolouring(row)
        may_mirror = not HANDED.intersection(row.concept.split())
        return Placement(
            row=row,
            left=float(np.clip(box[0], 0, self.canvas.width - box[2])),
            top=float(np.clip(box[1], 0, self.canvas.height - box[2])),
            side=box[2],
            scale=scale,
            shift=(self.generator.uniform(-room, room), self.generator.uniform(-room, room)),
            degrees=0.0 if self._is_steady else self.generator.uniform(-8, 8),
            is_mirrored=bool(may_mirror and self.generator.random() < 0.3),
            recolouring=recolouring,
            words=row.colours if recolouring is None else self._words_of(row, recolouring),
        )

    def _recolouring(self, row: Row) -> Floats | None:
        style = STYLES[row.style]
        if self.generator.random() >= style.recolour_share:
            return None
        if style.is_black:
            return colours.tint(self._jittered(self._word_among(BRIGHT_WORDS)))
        if self.generator.random() >= PAINTED_SHARE:
            return colours.hue_turn(self.generator.uniform(35, 325))
        dominant = colours.dominant_rgb(self.sprite_of(row))
        if dominant is None:
            return None
        others = [word for word in colours.WORDS if word not in row.colours[:1]]
        return colours.painted_as(dominant, self._jittered(self._word_among(others)))

    def _words_of(self, row: Row, recolouring: Floats) -> tuple[str, ...]:
        return colours.dominant_words(colours.recoloured(self.sprite_of(row), recolouring))

    def _word_among(self, words: Sequence[str]) -> str:
        return words[int(self.generator.integers(len(words)))]

    def _jittered(self, word: str) -> Floats:
        """A colour near the prototype of `word` that is still called the same."""
        wanted = colours.prototype(word)
        near = wanted + self.generator.normal(0, COLOUR_JITTER, (4, 3))
        tries = np.concatenate([near.clip(0, 1), wanted[None]]).astype(np.float32)
        called = colours.word_indices(tries)
        return tries[int(np.argmax(called == called[-1]))]

    def _said_colours(self, placement: Placement) -> tuple[str, ...]:
        """The colour words that are said: nearly always of a recoloured thing, else at times."""
        essential = placement.recolouring is not None or self.pool.has_many_colours(placement.row)
        if self.generator.random() >= (0.9 if essential else 0.5):
            return ()
        return placement.words[: 2 if self.generator.random() < 0.3 else 1]

    def _subject(self, placement: Placement, size: str = "") -> str:
        name = captions.said_name(placement.row.concept, self.generator)
        words = captions.coloured(name, self._said_colours(placement))
        return captions.with_article(f"{size} {words}".strip(), name)

    def _subjects(self, placements: Sequence[Placement]) -> list[str]:
        return [self._subject(placement) for placement in placements]

    def _background(self, placements: Sequence[Placement]) -> Background:
        ground = GROUNDS[int(self.generator.choice(len(GROUNDS), p=GROUND_SHARES))]
        if ground == "transparent":
            return Background(ground=ground)
        taken = {placement.words[0] for placement in placements if placement.words}
        free = [word for word in colours.background_words() if word.split()[-1] not in taken]
        names = [
            free[number]
            for number in self.generator.permutation(len(free))[: 1 if ground == "plain" else 2]
        ]
        rgb = tuple(
            colours.prototype(word) if word == "white" else self._jittered(word) for word in names
        )
        return Background(
            ground=ground, words=tuple(names), rgb=rgb, is_across=self.generator.random() < 0.4
        )

    def _finished(
        self,
        kind: Kind,
        placements: tuple[Placement, ...],
        subject: str,
        relation: str = "",
        layout: str = "",
    ) -> Scene:
        background = self._background(placements)
        said = ""
        if background.ground != "transparent":
            said = captions.background_phrase(background.words, background.ground, self.generator)
        row = placements[0].row
        keywords = row.keywords if kind in ("single", "corner") else ()
        style = row.style if self._names_style else ""
        parts = Parts(
            subject=subject, style=style, keywords=keywords, layout=layout, background=said
        )
        caption = captions.compose(parts, self.generator)
        return Scene(
            kind=kind,
            placements=placements,
            background=background,
            caption=caption,
            canvas=self.canvas,
            relation=relation,
        )


def _relation_phrase(
    first: str, second: str, is_across: bool, generator: np.random.Generator
) -> tuple[str, str]:
    """Say that `first` is left of (or above) `second`, from either side; and its place."""
    here, there = ("left", "right") if is_across else ("above", "below")
    if generator.random() < 0.3:
        ends = ("on the left", "on the right") if is_across else ("at the top", "at the bottom")
        return f"{first} {ends[0]} and {second} {ends[1]}", here
    is_turned = generator.random() < 0.5
    place = there if is_turned else here
    says = {
        "left": ("to the left of", "left of"), "right": ("to the right of", "right of"),
        "above": ("above", "over"),
        "below": ("below", "under"),
    }[place]  # fmt: skip
    joint = says[int(generator.integers(2))]
    return (f"{second} {joint} {first}" if is_turned else f"{first} {joint} {second}"), place


def _boxes_for(count: int, canvas: Canvas, generator: np.random.Generator) -> list[Box]:
    """Squares for `count` equal things that do not overlap, inside the canvas."""
    if not canvas.is_long:
        return _boxes_in_a_square(count, generator)
    side, along = _rows_along(count, generator)
    spots = along if canvas.width > canvas.height else [(y, x) for x, y in along]
    return [(x - side / 2, y - side / 2, side) for x, y in spots]


def _rows_along(count: int, generator: np.random.Generator) -> tuple[float, list[tuple[float, float]]]:
    """Side and middles of things in one row or two along a canvas of 1.5 by 1."""
    if count <= 3 or generator.random() < 0.5:
        length = 1.5 / count
        side = generator.uniform(0.86, 0.97) * min(length, 0.8)
        return side, [(length * (number + 0.5), 0.5) for number in range(count)]
    upper = (count + 1) // 2
    side = generator.uniform(0.86, 0.96) * 0.5  # the rows are 0.48 apart
    rows = ((upper, 0.26), (count - upper, 0.74))
    return side, [(1.5 / num * (number + 0.5), y) for num, y in rows for number in range(num)]


def _boxes_in_a_square(count: int, generator: np.random.Generator) -> list[Box]:
    draw = generator.random()
    if count == 2:
        side = generator.uniform(0.42, 0.48)
        if draw < 0.75:
            spots = [(0.25, 0.5), (0.75, 0.5)]
        else:
            spots = [(0.25, 0.25), (0.75, 0.75)]
    elif count == 3:
        is_row = draw < 0.5
        side = generator.uniform(0.29, 0.325) if is_row else generator.uniform(0.4, 0.47)
        spots = (
            [(1 / 6, 0.5), (0.5, 0.5), (5 / 6, 0.5)]
            if is_row
            else [(0.25, 0.74), (0.75, 0.74), (0.5, 0.26)]
        )
    elif count == 4:
        side = generator.uniform(0.4, 0.48)
        spots = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    else:
        side = generator.uniform(0.28, 0.32)
        rows = [(1 / 6, 0.32), (0.5, 0.32), (5 / 6, 0.32), (1 / 3, 0.68), (2 / 3, 0.68)]
        corners = [(0.18, 0.18), (0.82, 0.18), (0.5, 0.5), (0.18, 0.82), (0.82, 0.82)]
        spots = rows if draw < 0.5 else corners
    return [(x - side / 2, y - side / 2, side) for x, y in spots]
