"""Checks, wired: every one there is, the criteria in force, and what the register says to them.

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from limner.core.errors import CriteriaInvalid
from limner.core.file_cache import COMPILED_FOLDER, FileCache
from limner.core.judging import ImageCheck, RequestCheck
from limner.core.settings import Settings
from limner.studio.judging import Judge
from limner.studio.parts import Parts

if TYPE_CHECKING:
    from limner.checks.near_copy.fingerprint import Fingerprints
    from limner.checks.near_copy.recent import Look
    from limner.checks.near_copy.registered import ReadRegister, Register
    from limner.checks.tagger.tagger import Tagger


MOST_LANES = 3  # with more, all wait for the longest check


def open_judge(
    settings: Settings,
    find_opted_out: Callable[[str], str | None],
    *,
    read_recent: Callable[[int], Sequence[Look]] | None = None,
    read_register: ReadRegister | None = None,
) -> Judge:
    """The criteria in force and every check there is. Criteria with a fault hold everything.

    Args:
        settings: name the criteria.
        find_opted_out: asks the rights register about a text; see `checks.request.rights`.
        read_recent: the newest images; without it there is no check against them, and criteria
            that ask for it are refused.
        read_register: pictures that must not be drawn; without it the same.
    """
    from limner.executors.pool import num_cores
    from limner.studio.criteria_file import criteria_in_force, require_known_checks

    request_checks = _request_checks(settings, find_opted_out)
    image_checks = _image_checks(settings, read_recent, read_register)
    criteria, fault = None, ""
    try:
        found = criteria_in_force(settings)
        cards = [one.card for one in (*request_checks.values(), *image_checks.values())]
        require_known_checks(found, cards)
        criteria = found
    except CriteriaInvalid as error:
        fault = error.message
    return Judge(
        criteria=criteria,
        fault=fault,
        request_checks=request_checks,
        image_checks=image_checks,
        num_lanes=min(settings.num_threads or num_cores(), MOST_LANES),
    )


def _request_checks(
    settings: Settings, find_opted_out: Callable[[str], str | None]
) -> dict[str, RequestCheck]:
    from limner.checks.request.language import Language
    from limner.checks.request.personal_data import PersonalData
    from limner.checks.request.rights import Rights
    from limner.checks.request.terms import SHIPPED_TERMS, Terms

    own_terms = settings.home / "terms.txt"
    checks = (
        Terms(own_terms if own_terms.exists() else SHIPPED_TERMS),
        PersonalData(),
        Language(),
        Rights(find_opted_out),
    )
    return {one.card.name: one for one in checks}


def _image_checks(
    settings: Settings,
    read_recent: Callable[[int], Sequence[Look]] | None,
    read_register: ReadRegister | None,
) -> dict[str, ImageCheck]:
    from limner.checks.atoms.check import Atoms
    from limner.checks.atoms.vocabulary import Vocabulary
    from limner.checks.exposure import Exposure
    from limner.checks.face.check import Face
    from limner.checks.integrity import Integrity
    from limner.checks.near_copy.fingerprint import Fingerprints
    from limner.checks.near_copy.recent import near_recent_copy
    from limner.checks.near_copy.registered import near_registered_copy
    from limner.checks.near_copy.training import near_training_copy
    from limner.checks.nsfw.check import Nsfw
    from limner.checks.prompt_fit.check import PromptFit
    from limner.checks.referee import Referee
    from limner.checks.referee.views import RefereeViews
    from limner.checks.sharpness import Sharpness
    from limner.checks.text_in_image.check import TextInImage
    from limner.generators.embedded.sentences import Sentences

    # A network takes one core, since checks run side by side.
    sentences = Sentences(
        num_threads=settings.num_threads, memory=settings.home, precision=settings.precision
    )
    kept = FileCache(settings.home / COMPILED_FOLDER)
    referee = Referee(sentences, num_threads=1, kept=kept)
    views = RefereeViews(referee, sentences.ingredients, sentences.reads_whole)
    vocabulary, fingerprints = Vocabulary(), Fingerprints(views)
    checks: list[ImageCheck] = [
        Integrity(),
        Exposure(),
        Sharpness(),
        Nsfw(num_threads=1, kept=kept),
        Face(num_threads=1, kept=kept),
        PromptFit(views, vocabulary),
        Atoms(views, vocabulary),
        near_training_copy(fingerprints),
        TextInImage(),
    ]
    if read_recent is not None:
        checks.append(near_recent_copy(fingerprints, read_recent))
    if read_register is not None:
        checks.append(near_registered_copy(fingerprints, read_register))
    return {one.card.name: one for one in checks}


def open_fingerprints(settings: Settings) -> Fingerprints:
    """Takes what near copies are known by; the referee's network loads with the first picture."""
    from limner.checks.near_copy.fingerprint import Fingerprints
    from limner.checks.referee import Referee
    from limner.checks.referee.views import RefereeViews
    from limner.generators.embedded.sentences import Sentences

    referee = Referee(Sentences(num_threads=settings.num_threads), num_threads=settings.num_threads)
    return Fingerprints(RefereeViews(referee))


def open_tagger(settings: Settings) -> Tagger:
    """What names what photographs show, and what labels and normal sets are learnt on."""
    from limner.checks.tagger.tagger import Tagger

    kept = FileCache(settings.home / COMPILED_FOLDER)
    return Tagger(num_threads=settings.num_threads, kept=kept)


def name_opted_out(parts: Parts, text: str) -> str | None:
    """See `studio.rights.name_opted_out`; opens the store when it is first asked."""
    from limner.studio import rights

    return rights.name_opted_out(parts, text)


def recent_looks(parts: Parts, limit: int) -> list[Look]:
    """The newest images of the data folder by their looks; opens the store when first asked."""
    from limner.checks.near_copy.recent import Look

    return [Look(*one) for one in parts.store.recent_looks(limit)]


def registered_looks(parts: Parts, known: Hashable | None) -> Register:
    """Pictures the rights register keeps from being drawn; opens the store when first asked.

    Args:
        parts: of the studio.
        known: state of the register that is known; what it only adds to is left out.
    """
    from limner.checks.near_copy.registered import Register

    state, looks, is_more = parts.store.rights.blocked_looks(parts.read_clock(), known)
    return Register(state, looks, is_more)
