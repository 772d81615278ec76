"""Which emoji are concepts of the training set, and which icon of a package shows which concept.

A concept is a plain lower-case English noun phrase ("cat face", "book"). The colour in a name ("green book")
belongs to the picture, not to the concept, so that one concept is seen in many colours. Letters, numbers, clock
faces, arrows, signs, flags and variants of people are left out: they need detail that a small model cannot draw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.packages import Icon, packages, read_member

COLOUR_NAMES = (
    "red", "orange", "yellow", "green", "light blue", "blue", "purple", "pink", "brown", "black", "grey", "white",
)

WHOLE_SUBGROUPS = frozenset({
    "face-smiling", "face-affection", "face-tongue", "face-hand", "face-neutral-skeptical", "face-sleepy",
    "face-unwell", "face-hat", "face-glasses", "face-concerned", "face-negative", "face-costume", "cat-face",
    "monkey-face", "heart", "animal-mammal", "animal-bird", "animal-amphibian", "animal-reptile", "animal-marine",
    "animal-bug", "plant-flower", "plant-other", "food-fruit", "food-vegetable", "food-prepared", "food-asian",
    "food-sweet", "drink", "dishware", "place-map", "place-geographic", "place-building", "place-religious",
    "place-other", "transport-ground", "transport-water", "transport-air", "hotel", "sky-weather", "event",
    "award-medal", "sport", "game", "arts-crafts", "clothing", "music", "musical-instrument", "phone", "computer",
    "light-video", "book-paper", "money", "mail", "writing", "office", "lock", "tool", "science", "medical",
    "household", "other-object",
})  # fmt: skip

LEFT_OUT = frozenset({
    "heart decoration", "heart exclamation", "love hotel", "stop sign", "construction", "motorway", "bus stop",
    "1st place medal", "2nd place medal", "3rd place medal", "spade suit", "club suit", "diamond suit", "heart suit",
    "joker", "mahjong red dragon", "e-mail", "incoming envelope", "envelope with arrow", "mobile phone with arrow",
    "atm sign", "chart increasing with yen", "identification card", "placard", "hamsa", "map of japan", "bell with slash",
    "muted speaker", "speaker low volume", "speaker medium volume", "link", "broken chain", "barber pole", "level slider",
    "control knobs", "bookmark tabs", "page facing up", "page with curl", "card index dividers", "card index", "label",
    "chart increasing", "chart decreasing", "bar chart", "calendar", "tear-off calendar", "spiral calendar", "x-ray",
    "ledger", "memo", "receipt", "rosette", "film frames", "musical score", "foggy", "milky way", "night with stars",
    "face with symbols on mouth", "head shaking horizontally", "head shaking vertically", "distorted face",
    "station", "elevator", "dotted line face", "love letter", "nazar amulet", "wind face", "empty nest", "hole",
    "restroom", "japanese post office", "convenience store", "hotel", "department store", "pine decoration",
    "moon viewing ceremony", "flower playing cards", "dna", "tanabata tree", "performing arts", "input numbers",
    "sunrise over mountains", "cityscape at dusk", "bridge at night", "landslide", "suspension railway",
    "pouring liquid", "salt", "mirror ball", "softball", "admission tickets", "leafless tree", "treasure chest",
    "trombone", "orca", "splatter", "fight cloud", "hairy creature",
})  # fmt: skip

LET_IN = frozenset({
    # feelings and body
    "kiss mark", "collision", "dizzy", "sweat droplets", "speech balloon", "thought balloon",
    "waving hand", "victory hand", "thumbs up", "thumbs down", "raised fist", "clapping hands", "folded hands",
    "handshake", "flexed biceps", "ok hand", "crossed fingers", "nail polish", "ear", "nose", "brain", "anatomical heart",
    "lungs", "tooth", "bone", "eyes", "eye", "tongue", "mouth", "footprints",
    # a few plain people
    "baby", "santa claus", "astronaut", "ninja", "princess", "prince", "mermaid", "fairy", "vampire", "zombie", "genie",
    "elf", "mage", "superhero", "troll", "skier", "snowboarder", "police officer", "guard", "construction worker",
    "detective", "baby angel", "cook", "farmer", "firefighter", "pilot", "scientist", "singer", "artist",
    # times, sounds, shapes
    "hourglass done", "hourglass not done", "watch", "alarm clock", "stopwatch", "mantelpiece clock", "speaker high volume",
    "loudspeaker", "megaphone", "postal horn", "bell", "yin yang", "peace symbol", "triangular flag", "pirate flag",
    "chequered flag", "menorah", "radioactive",
    "red circle", "orange circle", "yellow circle", "green circle", "blue circle", "purple circle", "brown circle",
    "black circle", "white circle", "red square", "orange square", "yellow square", "green square", "blue square",
    "purple square", "brown square", "black large square", "white large square", "large orange diamond",
    "large blue diamond", "red triangle pointed up",
})  # fmt: skip

# What people say instead of the standard's name. The standard's name stays as a synonym.
PLAIN_NAMES: Mapping[str, str] = {
    "automobile": "car", "oncoming automobile": "car front view", "oncoming bus": "bus front view",
    "oncoming taxi": "taxi front view", "oncoming police car": "police car front view", "hot beverage": "cup of coffee",
    "deciduous tree": "tree", "evergreen tree": "pine tree", "honeybee": "bee", "lady beetle": "ladybug", "ewe": "sheep",
    "american football": "american football", "wrapped gift": "gift", "high voltage": "lightning bolt",
    "bullseye": "dartboard", "locked": "padlock", "unlocked": "open padlock", "locked with pen": "padlock with pen",
    "locked with key": "padlock with key", "gem stone": "diamond gem", "headphone": "headphones", "soft ice cream": "soft ice cream",
    "cooking": "fried egg", "performing arts": "theatre masks", "doughnut": "donut", "t-rex": "t-rex dinosaur",
    "sauropod": "long-necked dinosaur", "jack-o-lantern": "halloween pumpkin", "sheaf of rice": "rice plant",
    "two-hump camel": "two-hump camel", "spouting whale": "spouting whale", "fuel pump": "fuel pump",
    "flying saucer": "ufo", "tennis": "tennis racket", "badminton": "badminton racket", "bowling": "bowling ball and pins",
    "pool 8 ball": "billiard ball", "optical disk": "compact disc", "computer disk": "minidisc", "sport utility vehicle": "suv",
    "articulated lorry": "lorry", "fire engine": "fire truck", "high-speed train": "high-speed train",
    "shallow pan of food": "paella", "pot of food": "pot of stew", "roll of paper": "toilet paper", "ring buoy": "lifebuoy",
    "globe showing europe-africa": "globe of africa", "globe showing americas": "globe of america",
    "globe showing asia-australia": "globe of asia", "globe with meridians": "globe grid", "flag in hole": "golf flag",
    "fish cake with swirl": "fish cake", "cat with tears of joy": "cat laughing with tears", "clapper board": "clapperboard",
    "leaf fluttering in wind": "leaves in the wind", "couch and lamp": "couch", "ear of corn": "corn", "hot pepper": "chili pepper",
    "magnifying glass tilted left": "magnifying glass", "magnifying glass tilted right": "magnifying glass",
    "steaming bowl": "bowl of noodles", "snow-capped mountain": "snowy mountain", "umbrella with rain drops": "umbrella in the rain",
    "framed picture": "framed picture", "direct hit": "dartboard", "ticket": "ticket", "goal net": "goal", "paw prints": "paw prints",
    "speaker high volume": "speaker", "loudspeaker": "loudspeaker", "pile of poo": "poo", "hourglass done": "hourglass",
    "hourglass not done": "hourglass", "bottle with popping cork": "champagne bottle", "bank": "bank", "game die": "dice",
    "man’s shoe": "shoe", "woman’s sandal": "sandal", "woman’s boot": "boot", "woman’s hat": "sun hat", "woman’s clothes": "blouse",
    "one-piece swimsuit": "swimsuit", "billed cap": "cap", "rescue worker’s helmet": "rescue helmet", "water wave": "wave",
    "classical building": "classical building", "chess pawn": "chess pawn", "dollar banknote": "dollar note", "yen banknote": "yen note",
    "euro banknote": "euro note", "pound banknote": "pound note", "fork and knife with plate": "plate with fork and knife",
    "dashing away": "dust cloud", "black large square": "square", "white large square": "square", "large orange diamond": "diamond shape",
    "large blue diamond": "diamond shape", "red triangle pointed up": "triangle", "red question mark": "question mark",
    "front-facing baby chick": "chick facing front", "baby chick": "chick", "spiral notepad": "spiral notepad",
    "person in bed": "person in bed", "white cane": "cane", "mage": "wizard", "guard": "royal guard", "police officer": "police officer",
    "red apple": "apple", "green apple": "apple", "black nib": "pen nib", "reminder ribbon": "awareness ribbon", "house with garden": "house with garden",
    "kiwi fruit": "kiwi", "beating heart": "beating heart", "mobile phone": "mobile phone", "cup with straw": "soda cup",
    "leafy green": "lettuce", "light rail": "light rail train", "racing car": "racing car", "tropical drink": "tropical drink",
    "raised fist": "fist", "hammer and pick": "hammer and pick", "shinto shrine": "torii gate", "camping": "campsite", "moai": "moai statue",
}  # fmt: skip

# Names used by some packages for an emoji whose standard name is another one.
OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "angry face": ("angry",), "anguished face": ("anguish",), "anxious face with sweat": ("cold sweat",),
    "astonished face": ("astonished",), "backpack": ("school satchel", "school backpack"), "bathtub": ("bath",),
    "beach with umbrella": ("beach umbrella scene",), "beaming face with smiling eyes": ("grin eyes",),
    "bear": ("bear face",), "blue heart": ("heart blue",), "bouquet": ("bouquet of flowers",),
    "bullet train": ("high speed train bullet nose",), "bullseye": ("direct hit",), "cat": ("cat side",),
    "cat face": ("cat",), "cat with tears of joy": ("fox tear of joy",), "cat with wry smile": ("fox wry",),
    "christmas tree": ("christmastree",), "clapping hands": ("clap",), "clinking beer mugs": ("clinking beermugs",),
    "clinking glasses": ("champagne glass",), "closed mailbox with lowered flag": ("closed mailbox lowered",),
    "closed mailbox with raised flag": ("closed mailbox raised",), "cloud with lightning and rain": ("storm cloud",),
    "cloud with rain": ("rain cloud",), "cloud with snow": ("snow cloud",), "clutch bag": ("pouch",),
    "confetti ball": ("confetti",), "confounded face": ("confounded",), "confused face": ("confused",),
    "construction worker": ("construct",), "crayon": ("lower left crayon",),
    "crying cat": ("crying cat face", "fox crying"), "crying face": ("crying",),
    "desktop computer": ("personal computer",), "disappointed face": ("disappointed",), "dog": ("dog side",),
    "dog face": ("dog",), "dollar banknote": ("banknote dollar",), "dove": ("dove of peace",),
    "downcast face with sweat": ("sweat",), "dragon": ("dragon side",), "dragon face": ("dragon head",),
    "ear of corn": ("ear of maize",), "enraged face": ("pouting face",), "euro banknote": ("banknote euro",),
    "evergreen tree": ("evergreen",), "expressionless face": ("expressionless",), "face blowing a kiss": ("kiss",),
    "face screaming in fear": ("scream fear",), "face with medical mask": ("medical mask",),
    "face with open mouth": ("open mouth",), "face with steam from nose": ("triumph",),
    "face with tears of joy": ("grin tears",), "face with tongue": ("smile tongue", "tongue out"),
    "face without mouth": ("no mouth",), "fallen leaf": ("falling leaf",), "fearful face": ("fearful",),
    "first quarter moon face": ("first quarter moon with face",), "fish cake with swirl": ("fishcake swirl",),
    "flashlight": ("electric torch",), "flexed biceps": ("flex bicep",), "flushed face": ("flushed",),
    "fork and knife": ("fork knife",), "fountain pen": ("lower left fountain pen",), "fox": ("fox face",),
    "framed picture": ("frame with picture",), "frog": ("frog face",),
    "front-facing baby chick": ("front facing chick",), "frowning face": ("frown",),
    "frowning face with open mouth": ("frown mouth",), "full moon face": ("full moon with face",),
    "gem stone": ("gem",), "globe showing americas": ("americas globe",),
    "globe showing asia-australia": ("asia australia globe",),
    "globe showing europe-africa": ("europe africa globe",), "green heart": ("heart green",),
    "grimacing face": ("grimacing",), "grinning cat": ("grinning cat face", "foxgrin"),
    "grinning cat with smiling eyes": ("fox smiling", "grinning cat face with smiling eyes"),
    "grinning face": ("grin",), "grinning face with big eyes": ("grin wide",),
    "grinning face with smiling eyes": ("grin wide eyes",), "grinning face with sweat": ("grin sweat",),
    "grinning squinting face": ("grin squint",), "heart with arrow": ("heart arrow",),
    "heart with ribbon": ("heart ribbon",), "high voltage": ("bolt",), "high-heeled shoe": ("heels",),
    "high-speed train": ("high speed train",), "hot pepper": ("chilipepper",), "hourglass done": ("hourglass",),
    "hourglass not done": ("hourglass flowing sand",), "house": ("house building",), "hushed face": ("hushed",),
    "jack-o-lantern": ("jack o lantern",), "keyboard": ("wired keyboard",),
    "kissing cat": ("kissing cat face", "fox kissing"), "kissing face": ("kissing",),
    "kissing face with closed eyes": ("kiss closed eyes",), "kissing face with smiling eyes": ("kiss eyes",),
    "koala": ("koala face",), "laptop": ("laptop computer",),
    "last quarter moon face": ("last quarter moon with face",), "leaf fluttering in wind": ("leaf fluttering",),
    "leopard": ("leopard side",), "lion": ("lion face",), "locked": ("lock",), "locked with key": ("lock and key",),
    "loudly crying face": ("loudly crying",), "magnifying glass tilted left": ("left magnifying glass",),
    "magnifying glass tilted right": ("right magnifying glass",),
    "mantelpiece clock": ("mantlepiece clock", "manltepiececlock"), "man’s shoe": ("mens shoe",),
    "megaphone": ("bullhorn",), "moai": ("moyai",), "mobile phone": ("cellphone",), "motor scooter": ("scooter",),
    "mouse": ("mouse side",), "mouse face": ("mouse",), "mouth": ("lips",), "neutral face": ("neutral",),
    "new moon face": ("new moon with face",), "ok hand": ("aok",), "one-piece swimsuit": ("swimsuit",),
    "open mailbox with lowered flag": ("open mailbox lowered",),
    "open mailbox with raised flag": ("open mailbox raised",), "optical disk": ("optical disc",),
    "paintbrush": ("lower left paintbrush",), "panda": ("panda face",),
    "pen": ("lower left ballpoint pen", "lower left pen"), "pensive face": ("pensive",),
    "persevering face": ("perservere",), "pig": ("pig side",), "pig face": ("pig",), "pizza": ("slice of pizza",),
    "police officer": ("cop",), "pool 8 ball": ("billiards",), "poultry leg": ("poultryleg",),
    "pound banknote": ("banknote pound",), "pouting cat": ("pouting cat face", "fox pouting"),
    "purple heart": ("heart purple",), "pushpin": ("black pushpin",), "rabbit": ("bunny side",),
    "rabbit face": ("bunny",), "racing car": ("race car",), "raised fist": ("fisted hand",),
    "red apple": ("redapple",), "red paper lantern": ("izakaya lantern",), "relieved face": ("relieved",),
    "robot": ("robot face",), "running shoe": ("athletic shoe",), "sad but relieved face": ("dissapointed relief",),
    "sake": ("sake bottle and cup",), "santa claus": ("father christmas",), "scissors": ("black scissors",),
    "skull and crossbones": ("black skull crossbones",), "sleeping face": ("sleeping",), "sleepy face": ("sleepy",),
    "slightly frowning face": ("small frown",), "slightly smiling face": ("small smile",),
    "smiling cat with heart-eyes": ("fox heart", "smiling cat face with heart-eyes"),
    "smiling face with halo": ("halo",), "smiling face with heart-eyes": ("heart eyes",),
    "smiling face with horns": ("devil horns",), "smiling face with smiling eyes": ("smile eyes",),
    "smiling face with sunglasses": ("sunglasses face",), "smirking face": ("smirk",), "soccer ball": ("soccerball",),
    "sparkler": ("firework sparkler", "fireworks parkler"), "star": ("white medium star",), "sun": ("sun rays",),
    "t-shirt": ("running shirt plain", "mans shirt"), "teddy bear": ("teddybear",), "telephone": ("black telephone",),
    "thought balloon": ("thoughtbaloon",), "tiger": ("tiger side",), "tiger face": ("tiger",),
    "tired face": ("tired",), "two hearts": ("2 hearts",), "umbrella on ground": ("beach umbrella",),
    "unamused face": ("unamused",), "unicorn": ("unicorn face",), "unlocked": ("open lock",),
    "video camera": ("handheld video camera",), "waning gibbous moon": ("waning bibbous moon",),
    "wastebasket": ("waste basket",), "weary cat": ("weary cat face", "fox weary"), "weary face": ("weary",),
    "wine glass": ("red wine glass",), "winking face": ("winking",), "winking face with tongue": ("tongue out wink",),
    "wolf": ("wolf face",), "woman’s boot": ("womans boot",), "woman’s clothes": ("womans shirt",),
    "woman’s hat": ("womans hat",), "woman’s sandal": ("womans sandal", "sandals"), "worried face": ("worried",),
    "yellow heart": ("heart yellow",), "yen banknote": ("banknote yen",), "zany face": ("crazy face",),
    "zebra": ("zebra face",),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EmojiConcept:
    """An emoji that is a concept of the training set.

    Attributes:
        concept: the name said in captions.
        label: the standard's name.
        group: group and subgroup, as "animals-nature/animal-bird".
        keywords: one- or two-word tags, most telling first.
        code_point: hexadecimal code points joined by "-", without variation selectors.
        keys: squeezed names under which a package may file it.
    """

    concept: str
    label: str
    group: str
    keywords: tuple[str, ...]
    code_point: str
    keys: tuple[str, ...]


def squeeze(name: str) -> str:
    """Letters and digits only, lower case: "Fish-cake with swirl" -> "fishcakewithswirl"."""
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("ñ", "n"))


def bare_code_point(hexcode: str) -> str:
    """Lower-case code points without the variation selector."""
    return "-".join(part for part in hexcode.lower().split("-") if part != "fe0f")


def without_colour(label: str) -> str:
    """Drop a leading colour word when something is left of the name: "green book" -> "book"."""
    for colour in COLOUR_NAMES:
        if label.startswith(colour + " ") and label not in {"blackbird", "orange juice"}:
            return label[len(colour) + 1 :]
    return label


def emoji_concepts(work: Path) -> list[EmojiConcept]:
    """The selected emoji in the standard's order."""
    keyword_package = packages()["emojibase"]
    rows: list[dict[str, Any]] = read_member(keyword_package, work, "en/data.json")
    names = read_member(keyword_package, work, "meta/groups.json")
    unicode_names = _unicode_names(read_member(keyword_package, work, "meta/unicode-names.json"))
    chosen: list[EmojiConcept] = []
    for row in sorted(rows, key=lambda row: row.get("order", 0)):
        if row.get("group") is None:
            continue
        label = row["label"].lower()
        subgroup = names["subgroups"][str(row["subgroup"])]
        if not _is_selected(label, subgroup):
            continue
        code_point = bare_code_point(row["hexcode"])
        plain = PLAIN_NAMES.get(label) or without_colour(label)
        aliases = (label, unicode_names.get(code_point, label), *OTHER_NAMES.get(label, ()))
        chosen.append(
            EmojiConcept(
                concept=plain.replace("’", "").replace("ñ", "n"),
                label=label,
                group=f"{names['groups'][str(row['group'])]}/{subgroup}",
                keywords=_keywords(row.get("tags", ()), plain),
                code_point=code_point,
                keys=tuple(dict.fromkeys(squeeze(alias) for alias in aliases)),
            )
        )
    return chosen


def _is_selected(label: str, subgroup: str) -> bool:
    return label in LET_IN or (subgroup in WHOLE_SUBGROUPS and label not in LEFT_OUT)


def _unicode_names(data: Mapping[str, str] | None) -> dict[str, str]:
    return {bare_code_point(code_point): name.lower() for code_point, name in (data or {}).items()}


def _keywords(tags: Iterable[str], concept: str) -> tuple[str, ...]:
    words = concept.split()
    kept = [
        tag.lower()
        for tag in tags
        if re.fullmatch(r"[a-zA-Z][a-zA-Z-]{2,}( [a-zA-Z-]{2,})?", tag) and tag.lower() not in words
    ]
    return tuple(kept[:8])


def match_emoji(icons: Iterable[Icon], concepts: Iterable[EmojiConcept]) -> list[tuple[Icon, EmojiConcept]]:
    """Pair the icons of one emoji package with the selected concepts, by code point, else by name.

    Numbered variants ("donut-1", "donut-2") all belong to the concept.
    """
    by_code = {concept.code_point: concept for concept in concepts}
    by_key: dict[str, EmojiConcept] = {}
    for concept in by_code.values():
        by_key.setdefault(concept.keys[0], concept)
    for concept in by_code.values():
        for key in concept.keys[1:]:
            by_key.setdefault(key, concept)
    pairs: list[tuple[Icon, EmojiConcept]] = []
    for icon in icons:
        by_point = [by_code[code] for code in map(bare_code_point, icon.code_points) if code in by_code]
        name = squeeze(re.sub(r"-\d$", "", icon.name))
        found = by_point[0] if by_point else None if icon.code_points else by_key.get(name)
        if found is not None:
            pairs.append((icon, found))
    return pairs
