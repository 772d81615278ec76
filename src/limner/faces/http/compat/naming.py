"""The names a client may call the model by, and the header that names what was not honoured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from limner.faces.http.compat.refusals import ModelUnknown

WARNING_HEADER = "Limner-Warning"
JOB_HEADER = "Limner-Job"
MAX_NAMED = 20
MAX_WARNING_CHARACTERS = 2000


def model_names(own: str, further: Iterable[str]) -> tuple[str, ...]:
    """Every name the model may be called by, its own first."""
    return tuple(dict.fromkeys((own, *further)))


def require_model(asked: str | None, names: Sequence[str], *, field: str = "model") -> str:
    """The name the model was asked for by; its own where none was.

    Args:
        asked: as the caller wrote it; ``None`` or empty takes the first name.
        names: every name it has, its own first.
        field: of the request that holds it.

    Raises:
        ModelUnknown: no such name.
    """
    if not asked:
        return names[0]
    if asked not in names:
        raise ModelUnknown(field, asked, f"one of {', '.join(names)}")
    return asked


def warning_header(warnings: Iterable[str]) -> dict[str, str]:
    """The header that tells what was not honoured; empty if everything was.

    Names come from the caller, so whatever is not plain ASCII is escaped.
    """
    sentences = list(dict.fromkeys(warnings))
    if not sentences:
        return {}
    text = " ".join(sentences).encode("ascii", "backslashreplace").decode()
    plain = "".join(one if one.isprintable() else "?" for one in text)
    return {WARNING_HEADER: plain[:MAX_WARNING_CHARACTERS]}


def unknown_fields(names: Iterable[str]) -> list[str]:
    """The sentence that names fields nobody here knows; empty if there are none."""
    found = sorted(names)
    if not found:
        return []
    shown = ", ".join(repr(one[:80]) for one in found[:MAX_NAMED])
    more = "" if len(found) <= MAX_NAMED else f" and {len(found) - MAX_NAMED} more"
    return [f"Ignored, unknown here: {shown}{more}."]
