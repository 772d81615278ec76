"""Rights: what the register holds, when a right is in force, and what it matches.

Pure rules on records; storing is store/rights.py. A licence, a source or a consent allows while it
is in force, and what it covered is blocked when it ends. An opt-out is the other way round: it
blocks while it is in force. A name is matched as whole words; misspellings, other scripts than the
one it was registered in, and descriptions that do not say the name stay unseen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from limner.core.criteria import Consequence
from limner.core.deciding import RIGHTS_LIKENESS, RIGHTS_WITHDRAWN, Decision, Outcome, Reason
from limner.core.errors import RightsInvalid

MAX_NAME_WORDS = 12
MAX_TEXT_CHARACTERS = 500
LEAST_NAME_CHARACTERS = 2

# Scripts written without spaces: every character is a word of its own.
_WORD = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W_\u2e80-\u9fff\uac00-\ud7af]+")
_KEY = re.compile(r"sha256:[0-9a-f]{64}|model:[^\s:@]{1,100}(@[^\s:@]{1,50})?")


class RightsKind(StrEnum):
    """What an entry of the register says."""

    SOURCE = "source"  # where pictures came from: a package, a collection, a photographer
    LICENCE = "licence"  # that something may be used, and how
    CONSENT = "consent"  # that a person agreed, to what, until when
    OPT_OUT = "opt-out"  # that a name, style, mark or picture must not be drawn


class OptedOut(StrEnum):
    """What an opt-out keeps from being drawn."""

    NAME = "name"
    STYLE = "style"
    MARK = "mark"
    PICTURE = "picture"  # and whoever is on it


class RightsState(StrEnum):
    """Where an entry stands."""

    IN_FORCE = "in-force"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    RENEWED = "renewed"  # another entry has taken its place, and its keys


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsEntry:
    """One entry of the register, as it was registered.

    Attributes:
        name: of a consent the person, of an opt-out the name, style or mark; matched with
            requests. Personal data.
        holder: who holds the right; never matched. Personal data.
        opted_out: what an opt-out is of; ``None`` for other kinds.
        title: of a source or a licensed work, such as a package and its version.
        licence: its SPDX name, or how it is called.
        purpose: what a consent was given for; of an opt-out, why.
        url: where it can be read up.
        expires_at: UTC; ``None`` for a right without an end.
        keys: what it is about, as recipes name it: content hashes of pictures, masks, images and
            model files, ``model:NAME`` or ``model:NAME@VERSION``.
    """

    kind: RightsKind
    name: str | None = None
    holder: str | None = None
    opted_out: OptedOut | None = None
    title: str | None = None
    licence: str | None = None
    purpose: str | None = None
    url: str | None = None
    expires_at: datetime | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsMatch:
    """An entry that fits a request or an image.

    Attributes:
        entry_id: later entries have higher ones.
        matched: the folded name or the key by which it fits.
    """

    entry_id: int
    kind: RightsKind
    state: RightsState
    matched: str

    @property
    def sentence(self) -> str:
        """Why it blocks, for a person; names nobody."""
        if self.kind is RightsKind.OPT_OUT:
            return f"Opted out by entry {self.entry_id} of the rights register."
        ended = "was withdrawn" if self.state is RightsState.WITHDRAWN else "has expired"
        return f"Entry {self.entry_id} of the rights register, a {self.kind}, {ended}."


def require_entry(entry: RightsEntry, now: datetime) -> None:
    """Refuse an entry that could not do what its kind is for.

    Args:
        entry: to be registered.
        now: the time now, UTC.

    Raises:
        RightsInvalid: something is missing, does not belong there, is empty, or has ended already.
    """
    for field in ("name", "holder", "title", "licence", "purpose", "url"):
        _require_text(field, getattr(entry, field))
    for field in _missing(entry):
        raise RightsInvalid(f"The {entry.kind} has no {field}.", hint=_NEEDS[entry.kind])
    if entry.opted_out is not None and entry.kind is not RightsKind.OPT_OUT:
        raise RightsInvalid(
            f"The {entry.kind} says that it is of a {str(entry.opted_out)!r}; only an opt-out is."
        )
    if entry.name is not None:
        if entry.kind not in (RightsKind.CONSENT, RightsKind.OPT_OUT):
            raise RightsInvalid(
                f"The {entry.kind} has the name {entry.name!r}; only a consent or an opt-out has "
                "one.",
                hint="Say who holds the right with --holder.",
            )
        _require_name(entry.name)
    for key in entry.keys:
        require_key(key)
    if entry.expires_at is not None and entry.expires_at <= now:
        raise RightsInvalid(
            f"The {entry.kind} ends at {entry.expires_at.isoformat()!r}; allowed is a time after "
            f"now, {now.isoformat(timespec='seconds')}.",
            code="expiry_past",
        )


def require_key(key: str) -> None:
    """Refuse what no recipe could name.

    Raises:
        RightsInvalid: neither a tagged hash nor a model.
    """
    if not _KEY.fullmatch(key):
        raise RightsInvalid(
            f"The key is {key!r}; allowed are 'sha256:' and 64 lower-case hex digits, 'model:NAME' "
            "or 'model:NAME@VERSION'.",
            code="key_invalid",
        )


class RegisteredLook(NamedTuple):
    """A picture of an entry: its number, two hashes of 32 bytes, and what `look` was taken with."""

    entry_id: int
    pdq: bytes
    look: bytes
    taken_with: str


def state_of_entry(
    events: Collection[str], *, expires_at: datetime | None, now: datetime
) -> RightsState:
    """Where an entry stands.

    Args:
        events: that were noted of it. That it expired is one, so that a clock that jumps back
            changes nothing.
        expires_at: see `RightsEntry`.
        now: the time now, UTC.
    """
    for state in (RightsState.RENEWED, RightsState.WITHDRAWN, RightsState.EXPIRED):
        if state in events:
            return state
    has_ended = expires_at is not None and expires_at <= now
    return RightsState.EXPIRED if has_ended else RightsState.IN_FORCE


def is_blocking(kind: RightsKind, state: RightsState) -> bool:
    """Whether what an entry is about must not be drawn or leave."""
    if kind is RightsKind.OPT_OUT:
        return state is RightsState.IN_FORCE
    return state in (RightsState.EXPIRED, RightsState.WITHDRAWN)


def require_renewal(entry: RightsEntry, ended: RightsEntry, ended_state: RightsState) -> None:
    """Refuse an entry that cannot take the place of another.

    Raises:
        RightsInvalid: an opt-out, another kind, another name, or the other was renewed before.
    """
    if entry.kind is RightsKind.OPT_OUT or entry.kind is not ended.kind:
        raise RightsInvalid(
            f"The {entry.kind} cannot renew the {ended.kind}; allowed is the same kind, and an "
            "opt-out ends by being withdrawn only."
        )
    if ended_state is RightsState.RENEWED:
        raise RightsInvalid("The entry to be renewed was renewed before.")
    if ended.name is not None and folded_name(ended.name) != folded_name(entry.name or ""):
        raise RightsInvalid(
            f"The consent of {entry.name!r} cannot renew that of {ended.name!r}; allowed is the "
            "same name."
        )


def find_blocker(matches: Iterable[RightsMatch]) -> RightsMatch | None:
    """The first entry that blocks; ``None`` if none does."""
    blocking = [one for one in matches if is_blocking(one.kind, one.state)]
    return min(blocking, key=lambda one: one.entry_id, default=None)


def decision_against(blocker: RightsMatch) -> Decision:
    """What is decided about anything that an entry blocks, whatever the criteria say."""
    reason = Reason(
        source=RIGHTS_WITHDRAWN,
        verdict=None,
        consequence=Consequence.REFUSE,
        note=blocker.sentence,
    )
    return Decision(
        outcome=Outcome.REFUSED,
        reasons=(reason,),
        criteria_sha256=None,
        impact=None,
        audit_probability=0.0,
        is_audited=False,
        needs_second=False,
    )


def reason_of_likeness(entry_id: int) -> Reason:
    """Why an image is held that looks nearly the same as a picture an entry is about."""
    return Reason(
        source=RIGHTS_LIKENESS,
        verdict=None,
        consequence=Consequence.HOLD,
        note=f"It is nearly the same as a picture of entry {entry_id} of the rights register.",
    )


def folded_name(text: str) -> str:
    """A name as it is compared: its words in small letters without accents, one space between."""
    return " ".join(_words(text))


def word_runs(text: str) -> frozenset[str]:
    """Every run of up to `MAX_NAME_WORDS` words of a text, each as `folded_name` writes a name.

    A name is in a text if its folded form is one of these.
    """
    words = _words(text)
    return frozenset(
        " ".join(words[start : start + length])
        for length in range(1, MAX_NAME_WORDS + 1)
        for start in range(len(words) - length + 1)
    )


def is_named(name: str, text: str) -> bool:
    """Whether the words of a name stand in a text, in their order and side by side."""
    return bool(folded := folded_name(name)) and folded in word_runs(text)


def keys_of(
    *, generator: str, generator_version: str, hashes: Iterable[str | None]
) -> frozenset[str]:
    """Keys of a model by name, with and without its version, and of the hashes that are there."""
    models = (f"model:{generator}", f"model:{generator}@{generator_version}")
    return frozenset((*models, *(one for one in hashes if one)))


def _words(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(one for one in decomposed if unicodedata.category(one) not in ("Mn", "Cf"))
    return _WORD.findall(unicodedata.normalize("NFC", plain).casefold())


def _require_text(field: str, text: str | None) -> None:
    if text is None:
        return
    if not text.strip() or len(text) > MAX_TEXT_CHARACTERS or not text.isprintable():
        raise RightsInvalid(
            f"The {field} is {text[:80]!r} ({len(text)} characters); allowed are 1 to "
            f"{MAX_TEXT_CHARACTERS} printable characters."
        )


def _require_name(name: str) -> None:
    words = _words(name)
    if len("".join(words)) < LEAST_NAME_CHARACTERS or len(words) > MAX_NAME_WORDS:
        raise RightsInvalid(
            f"The name {name!r} has {len(words)} words of letters and digits; allowed are 1 to "
            f"{MAX_NAME_WORDS} words with {LEAST_NAME_CHARACTERS} characters or more in all."
        )


_NEEDS = {
    RightsKind.SOURCE: "A source has a title and a licence.",
    RightsKind.LICENCE: "A licence has a licence, and a title or keys of what it is for.",
    RightsKind.CONSENT: "A consent has a name, a purpose and an expiry.",
    RightsKind.OPT_OUT: "An opt-out is of a name, style, mark or picture, and has a name or keys.",
}


def _missing(entry: RightsEntry) -> list[str]:
    has_subject = entry.name is not None or bool(entry.keys)
    needed: dict[RightsKind, dict[str, bool]] = {
        RightsKind.SOURCE: {"title": entry.title is None, "licence": entry.licence is None},
        RightsKind.LICENCE: {
            "licence": entry.licence is None,
            "title": entry.title is None and not entry.keys,
        },
        RightsKind.CONSENT: {
            "name": entry.name is None,
            "purpose": entry.purpose is None,
            "expiry": entry.expires_at is None,
        },
        RightsKind.OPT_OUT: {
            "kind of what was opted out": entry.opted_out is None,
            "name": not has_subject,
        },
    }
    return [field for field, is_missing in needed[entry.kind].items() if is_missing]
