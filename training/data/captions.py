"""Captions from parts: what is shown, in which style and colours, on which background.

A caption is lower case and has one of several forms, from "red apple" to "flat style, a red apple, fruit, food, on a
blue background". A colour behind the picture is always said; a transparent background is what saying nothing means.
Randomness comes from the generator that is passed in. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.data.concepts import PLAIN_NAMES
from training.data.styles import STYLES

SHORT_SHARE = 0.35
NO_STYLE_SHARE = 0.15
MOST_WORDS = 22
TRANSPARENT_SAID_SHARE = 0.12

COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six")

MASS_NOUNS = frozenset(
    "bread cheese bacon butter garlic ginger rice sushi popcorn candy corn broccoli lettuce milk ice fire fog sand wood "
    "honey luggage money toast salad soup sake mate dna pork underwear makeup spaghetti oden dango falafel wheat "
    "ping pong tennis badminton bowling lacrosse hockey yarn thread smoke hail wind mist".split()
)
PLURAL_NOUNS = frozenset(
    "scissors glasses sunglasses eyeglasses jeans shorts pants trousers grapes cherries beans peanuts peas pancakes "
    "headphones binoculars goggles skis chopsticks socks gloves boots sandals sneakers slippers briefs pajamas books "
    "hearts notes eyes lungs stairs curtains coins pliers dominoes maracas leaves houses earbuds knives fireworks "
    "sparkles chains leaves blueberries vegetables pills clothes footprints bubbles droplets".split()
)
UNCOUNTED_ENDINGS = ("glasses", "scissors", "jeans", "shorts", "pants", "headphones", "goggles", "binoculars")
ODD_PLURALS: Mapping[str, str] = {
    "mouse": "mice", "goose": "geese", "ox": "oxen", "fish": "fish", "sheep": "sheep", "deer": "deer", "moose": "moose",
    "leaf": "leaves", "knife": "knives", "wolf": "wolves", "loaf": "loaves", "scarf": "scarves", "shelf": "shelves",
    "elf": "elves", "tooth": "teeth", "foot": "feet", "person": "people", "man": "men", "woman": "women", "child": "children",
    "bison": "bison", "squid": "squid", "shrimp": "shrimp", "salmon": "salmon", "dice": "dice", "cactus": "cacti",
    "octopus": "octopuses", "bus": "buses", "potato": "potatoes", "tomato": "tomatoes", "mango": "mangoes", "axe": "axes",
    "half": "halves", "life": "lives", "wife": "wives", "thief": "thieves", "aircraft": "aircraft", "chess": "chess",
}  # fmt: skip

# What people say as well; the standard's names of renamed emoji are added below.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "airplane": ("plane", "aeroplane"), "bicycle": ("bike",), "motorcycle": ("motorbike",), "television": ("tv",),
    "mobile phone": ("smartphone", "phone", "cell phone"), "hamburger": ("burger",), "french fries": ("fries",),
    "gift": ("present", "wrapped gift"), "couch": ("sofa",), "lightning bolt": ("lightning", "bolt"), "cat face": ("cat", "cat head"),
    "dog face": ("dog", "dog head", "puppy face"), "tiger face": ("tiger", "tiger head"), "horse face": ("horse head",),
    "cow face": ("cow", "cow head"), "pig face": ("pig", "pig head"), "mouse face": ("mouse head",), "rabbit face": ("bunny", "rabbit head"),
    "monkey face": ("monkey", "monkey head"), "dragon face": ("dragon head",), "bear": ("bear face",), "fox": ("fox face",),
    "lion": ("lion face",), "panda": ("panda face",), "frog": ("frog face",), "wolf": ("wolf face",), "unicorn": ("unicorn head",),
    "rabbit": ("bunny",), "cup of coffee": ("coffee", "coffee cup", "hot drink"), "birthday cake": ("cake",), "shortcake": ("slice of cake",),
    "soft ice cream": ("ice cream cone", "ice cream"), "ice cream": ("bowl of ice cream",), "pine tree": ("fir tree", "conifer"),
    "tree": ("leafy tree",), "halloween pumpkin": ("carved pumpkin", "jack-o-lantern"), "t-rex dinosaur": ("t-rex", "dinosaur"),
    "long-necked dinosaur": ("dinosaur", "sauropod"), "ladybug": ("ladybird",), "bee": ("honeybee",), "donut": ("doughnut",),
    "ufo": ("flying saucer",), "trophy": ("cup trophy", "winner cup"), "lorry": ("truck",), "delivery truck": ("truck", "van"),
    "sailboat": ("boat", "sailing boat"), "passenger ship": ("cruise ship",), "grinning face": ("happy face", "smiling face"),
    "slightly smiling face": ("smiley", "smiling face"), "smiling face with smiling eyes": ("happy face", "blushing smile"),
    "loudly crying face": ("crying face",), "enraged face": ("very angry face", "red angry face"), "frowning face": ("sad face",),
    "smiling face with heart-eyes": ("heart eyes", "in love face"), "smiling face with sunglasses": ("cool face",),
    "face with tears of joy": ("laughing face",), "thinking face": ("face with hand on chin",), "skull and crossbones": ("skull",),
    "magnifying glass": ("loupe",), "padlock": ("lock",), "umbrella": ("open umbrella",), "crescent moon": ("moon",), "full moon": ("moon",),
    "t-shirt": ("shirt",), "running shoe": ("sneaker", "trainer"), "high-heeled shoe": ("high heel",), "top hat": ("hat",),
    "diamond gem": ("diamond", "gem", "gemstone"), "dartboard": ("target", "bullseye"), "rocket": ("space rocket", "spaceship"),
    "potted plant": ("plant in a pot",), "fried egg": ("egg in a pan",), "red envelope": ("envelope",), "chick": ("baby chick",),
    "desktop computer": ("computer", "pc"), "laptop": ("notebook computer",), "wine glass": ("glass of wine",), "beer mug": ("beer", "glass of beer"),
    "eyeglasses": ("glasses",), "house": ("home",), "cloud with rain": ("rain cloud",), "cloud with snow": ("snow cloud",),
    "cloud with lightning": ("storm cloud",), "sun behind cloud": ("sun and cloud", "partly cloudy"), "sun": ("bright sun",),
    "video game": ("game controller", "gamepad"), "wastebasket": ("bin", "trash can"), "book": ("closed book",),
}  # fmt: skip
for _label, _concept in PLAIN_NAMES.items():
    if _label != _concept:
        SYNONYMS[_concept] = (*SYNONYMS.get(_concept, ()), _label.replace("’", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a caption may say.

    Attributes:
        subject: the noun phrase, as "a red apple" or "three cats".
        style: style word.
        keywords: one- or two-word tags.
        layout: as "centered"; empty for none.
        background: as "blue background"; empty for a transparent one.
    """

    subject: str
    style: str
    keywords: Sequence[str] = ()
    layout: str = ""
    background: str = ""


def is_plural(name: str) -> bool:
    """Whether a name is said without an article because it is a plural or a substance."""
    last = _head(name).split()[-1]
    return last in PLURAL_NOUNS or last in MASS_NOUNS


def _head(name: str) -> str:
    """The part of a name that carries the number: "cup of coffee" -> "cup"."""
    for joint in (" of ", " with ", " in ", " behind ", " on ", " and ", " without "):
        if joint in name:
            return name.split(joint)[0]
    return name


def with_article(phrase: str, name: str) -> str:
    """Put "a" or "an" before a phrase whose noun is `name`, unless the noun takes none."""
    if is_plural(name):
        return phrase
    sounds_like_consonant = phrase.startswith(("uni", "one", "euro", "ufo"))
    return f"{'an' if phrase[0] in 'aeiou' and not sounds_like_consonant else 'a'} {phrase}"


def plural(name: str) -> str:
    """The plural of a name: "cup of coffee" -> "cups of coffee"."""
    head = _head(name)
    *before, last = head.split()
    if last in PLURAL_NOUNS or last in MASS_NOUNS:
        many = last
    elif last in ODD_PLURALS:
        many = ODD_PLURALS[last]
    elif last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
        many = last[:-1] + "ies"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        many = last + "es"
    else:
        many = last + "s"
    return " ".join((*before, many)) + name[len(head) :]


def can_be_counted(name: str) -> bool:
    """Whether "three ..." makes sense: one thing, with a plural of its own."""
    return not is_plural(name) and " and " not in name


def colour_phrase(words: Sequence[str]) -> str:
    """ ("red", "white") -> "red and white"."""
    return " and ".join(words)


def coloured(name: str, words: Sequence[str]) -> str:
    """A name with its colour words before it, which it is not given twice."""
    fresh = [word for word in words if word not in name.split()]
    return f"{colour_phrase(fresh)} {name}" if fresh else name


def said_name(concept: str, generator: np.random.Generator, share: float = 0.22) -> str:
    """The concept's name or, at times, what people say as well."""
    others = SYNONYMS.get(concept, ())
    if others and generator.random() < share:
        return others[int(generator.integers(len(others)))]
    return concept


def background_phrase(words: Sequence[str], kind: str, generator: np.random.Generator) -> str:
    """How a painted background is said: one word for a plain one, two for a split or a gradient."""
    if kind == "plain":
        forms = (f"on a {words[0]} background", f"{words[0]} background", f"on {words[0]}", f"with a {words[0]} background")
        article_right = [form.replace(" a orange", " an orange") for form in forms]
        return article_right[int(generator.choice(4, p=(0.45, 0.35, 0.1, 0.1)))]
    if kind == "gradient":
        return f"{words[0]} to {words[1]} gradient background"
    return f"{words[0]} and {words[1]} background"


def compose(parts: Parts, generator: np.random.Generator) -> str:
    """Write one caption in a form drawn at random."""
    background = parts.background
    if not background and generator.random() < TRANSPARENT_SAID_SHARE:
        background = ("transparent background", "on a transparent background", "no background")[int(generator.integers(3))]
    draw = generator.random()
    if draw < SHORT_SHARE:
        return _joined_short(parts.subject, background, generator)
    subject = parts.subject
    if draw >= SHORT_SHARE + NO_STYLE_SHARE:
        phrases = STYLES[parts.style].phrases
        style = phrases[int(generator.integers(len(phrases)))] if generator.random() < 0.6 else phrases[0]
        form = generator.random()
        lead = [style, subject] if form < 0.5 else [f"{subject} in {style}"] if form < 0.65 and style.endswith("style") else [subject, style]
    else:
        lead = [subject]
    count = int(generator.integers(0, 5))
    keywords = [parts.keywords[number] for number in generator.permutation(len(parts.keywords))[:count]]
    layout = [parts.layout] if parts.layout else []
    return _within_limit(lead, keywords, [*layout, *([background] if background else [])])


def _joined_short(subject: str, background: str, generator: np.random.Generator) -> str:
    bare = subject
    for article in ("a ", "an "):
        if subject.startswith(article) and generator.random() < 0.5:
            bare = subject.removeprefix(article)
            break
    if not background:
        return bare
    return f"{bare} {background}" if background.startswith(("on ", "with ")) else f"{bare}, {background}"


def _within_limit(lead: list[str], keywords: list[str], tail: list[str]) -> str:
    while keywords and len(" ".join([*lead, *keywords, *tail]).split()) > MOST_WORDS:
        keywords.pop()
    return ", ".join([*lead, *keywords, *tail])
