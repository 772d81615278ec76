import numpy as np
import pytest
from benchmarks.quality import held_out as pictures
from benchmarks.quality.held_out import held_out
from benchmarks.quality.sentences import embed_text
from unit.checks.drawings import disc, subject

from limner.checks.atoms.check import Atoms
from limner.checks.atoms.judges import colour_share, ground_share
from limner.checks.atoms.vocabulary import Vocabulary
from limner.checks.prompt_fit.check import PromptFit
from limner.checks.referee import Referee
from limner.checks.referee.views import RefereeViews
from limner.checks.runner import judge
from limner.core.judging import Cause, Verdict

VIEWS = RefereeViews(Referee(embed_text, num_threads=1))


@pytest.fixture(scope="module")
def atoms() -> Atoms:
    return Atoms(VIEWS, Vocabulary())


@pytest.fixture(scope="module")
def prompt_fit() -> PromptFit:
    return PromptFit(VIEWS, Vocabulary())


def drawing(concept: str) -> np.ndarray:
    """A held-out drawing whose concept the referee knows from other styles."""
    return next(
        one.image_HWC
        for one in held_out()
        if one.concept == concept and one.split == "heldout_style" and len(one.colours) > 0
    )


def scene(*, word: str = "red", ground: str = "blue", count: int = 2) -> np.ndarray:
    rng = np.random.default_rng(1)
    tinted = pictures.tinted(drawing("mushroom"), word)
    laid = pictures.repeated(tinted, count, rng)
    return pictures.laid_over(pictures.painted_ground(ground, rng), laid, left=0, top=0, side=1)


RIGHT = "two red mushrooms on a blue background"


def test_a_right_prompt_passes(atoms):
    assert judge(atoms, subject(scene(), prompt=RIGHT)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("two green mushrooms on a blue background", "colour"),
        ("two red mushrooms on a yellow background", "background"),
        ("four red mushrooms on a blue background", "number"),
        ("two red tractors on a blue background", "thing"),
    ],
)
def test_each_wrong_atom_is_named(atoms, prompt, kind):
    result = judge(atoms, subject(scene(), prompt=prompt))
    assert result.verdict is not Verdict.PASS
    assert any(kind in note for note in result.notes)


def test_a_wrong_place_is_named(atoms):
    rng = np.random.default_rng(0)
    image_HWC = pictures.arranged([drawing("mushroom"), drawing("tractor")], rng, is_across=True)
    verdicts = [
        judge(atoms, subject(image_HWC, prompt=f"a mushroom {place} a tractor"))
        for place in ("to the left of", "to the right of")
    ]
    assert verdicts[0].verdict is Verdict.PASS
    assert any("place" in note for note in verdicts[1].notes)


def test_every_atom_has_its_probability_in_the_details(atoms):
    details = judge(atoms, subject(scene(), prompt=RIGHT)).details
    assert {"thing 1", "colour 1", "ground 1", "count 1"} <= set(details)


def test_the_score_is_the_geometric_mean_and_the_arithmetic_one_is_kept(atoms):
    result = judge(atoms, subject(scene(), prompt=RIGHT))
    chances = [result.details[name] for name in ("thing 1", "colour 1", "ground 1", "count 1")]
    assert result.score == pytest.approx(np.prod(chances) ** 0.25)
    assert result.details["arithmetic_mean"] == pytest.approx(np.mean(chances))


def test_a_wrong_atom_lowers_the_geometric_mean_more(atoms):
    prompt = "two red mushrooms on a yellow background"
    result = judge(atoms, subject(scene(), prompt=prompt))
    assert result.score < result.details["arithmetic_mean"]


@pytest.mark.parametrize("prompt", [None, "", "red", "!"])
def test_without_anything_to_look_for_atoms_cannot_judge(atoms, prompt):
    result = judge(atoms, subject(scene(), prompt=prompt))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.NOT_APPLICABLE)


def test_the_prompt_itself_is_not_kept(atoms, prompt_fit):
    for check in (atoms, prompt_fit):
        assert "mushroom" not in repr(judge(check, subject(scene(), prompt=RIGHT)))


def test_fit_is_higher_for_the_right_prompt(prompt_fit):
    image_HWC = drawing("mushroom")
    right, wrong = (
        judge(prompt_fit, subject(image_HWC, prompt=prompt)).score
        for prompt in ("a mushroom", "a tractor")
    )
    assert right > wrong


def test_fit_is_one_less_the_probability_that_it_is_bad(prompt_fit):
    result = judge(prompt_fit, subject(drawing("mushroom"), prompt="a mushroom"))
    assert result.score == pytest.approx(1 - result.probability_bad)


def test_a_thing_the_referee_does_not_know_is_told(prompt_fit):
    result = judge(prompt_fit, subject(drawing("mushroom"), prompt="a gizmo"))
    assert "does not know" in result.notes[-1]


@pytest.mark.parametrize(
    "prompt",
    ["a red mushroom", "a mushroom to the left of a tractor", "two green owls", "something odd"],
)
def test_a_prompt_read_ahead_is_not_read_again(prompt):
    texts = []

    def embed(asked):
        texts.extend(asked)
        return embed_text(asked)

    views = RefereeViews(Referee(embed, num_threads=1))
    checks = [PromptFit(views, Vocabulary()), Atoms(views, Vocabulary())]
    for one in checks:
        one.read(prompt)
    num_read = len(texts)
    for one in checks:
        judge(one, subject(disc(), prompt=prompt))
    assert (num_read > 0, len(texts)) == (True, num_read)


def test_an_incoming_image_without_a_prompt_cannot_be_judged(prompt_fit):
    assert judge(prompt_fit, subject(disc())).cause is Cause.NOT_APPLICABLE


def test_the_colour_of_a_disc_is_seen():
    assert colour_share(disc(colour=(220, 48, 40, 255)), "red") > 0.9


@pytest.mark.parametrize(
    ("ground", "word", "share"),
    [
        ((48, 116, 220, 255), "blue", 1.0),
        ((0, 0, 0, 0), "transparent", 1.0),
        ((0, 0, 0, 0), "blue", 0.0),
    ],
)
def test_the_ground_is_seen_at_the_rim(ground, word, share):
    assert ground_share(disc(ground=ground), word) == share


def test_prompt_fit_says_when_the_referee_could_not_read_a_prompt_to_its_end():
    referee = Referee(embed_text, num_threads=1)
    check = PromptFit(RefereeViews(referee, reads_whole=lambda text: len(text) < 40), Vocabulary())
    for prompt, is_told in (("zzz " * 20, True), ("zzz " * 5, False), (RIGHT + " zzz" * 20, False)):
        notes = judge(check, subject(scene(), prompt=prompt)).notes
        assert any("its end was not looked for" in one for one in notes) is is_told
