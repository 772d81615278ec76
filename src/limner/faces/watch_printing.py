"""What is printed of references, readings and alarms."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from limner.faces.printing import say, say_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from limner.core.canaries import CanarySet
    from limner.core.watching import Alarm, Reading, Reference, Telling
    from limner.evals.intervals import Estimate
    from limner.studio.watch.canaries import Redrawn
    from limner.studio.watch.overview import CanariesSeen, Overview
    from limner.studio.watch.rates import GroupRates
    from limner.studio.watch.run import Watched


def say_reference(reference: Reference) -> None:
    """A reference: its images, and how often false alarms may come."""
    sensitivity = reference.sensitivity
    say_words(
        f"{reference.stream}  {reference.reference_id}  {reference.num_images} images, "
        f"{reference.from_at:%Y-%m-%d %H:%M} to {reference.until_at:%Y-%m-%d %H:%M} UTC"
    )
    say(
        f"  at most one false alarm in {sensitivity.run_length:,} images; windows of "
        f"{sensitivity.window}"
    )


def say_watched(watched: Watched) -> None:
    """One reading of a stream, and what followed."""
    say(watched.stream)
    _say_what_followed(watched)


def watched_document(watched: Watched) -> dict[str, object]:
    """One reading of a stream as JSON."""
    return {
        "stream": watched.stream,
        "reference_id": watched.reference.reference_id,
        **_document_of_what_followed(watched),
    }


def say_canaries(canaries: CanarySet) -> None:
    """A canary set: what it is made of."""
    say_words(
        f"{canaries.stream}  {canaries.canary_id}  pictures of {canaries.run_id}, kept "
        f"{canaries.set_at:%Y-%m-%d %H:%M} UTC"
    )


def say_redrawn(redrawn: Redrawn) -> None:
    """One redraw of a canary set, and what followed."""
    say_canaries(redrawn.canaries)
    _say_what_followed(redrawn)


def redrawn_document(redrawn: Redrawn) -> dict[str, object]:
    """One redraw of a canary set as JSON."""
    return {
        "canaries": redrawn.canaries.to_document(),
        "run": None if redrawn.run is None else redrawn.run.run_id,
        **_document_of_what_followed(redrawn),
    }


def _say_what_followed(looked: Watched | Redrawn) -> None:
    _say_readings(looked.readings)
    if looked.note:
        say_words(f"  {looked.note}")
    if looked.alarm is not None:
        _say_told(looked.alarm, looked.told)


def _document_of_what_followed(looked: Watched | Redrawn) -> dict[str, object]:
    from limner.studio.watch.overview import ToldAlarm, alarm_document

    alarm, told = looked.alarm, looked.told
    return {
        "readings": [one.to_document() for one in looked.readings],
        "alarm": None if alarm is None else alarm_document(ToldAlarm(alarm=alarm, told=told)),
        "note": looked.note,
    }


def say_canaries_seen(seen: CanariesSeen) -> None:
    """Everything that is known of a canary set."""
    say_canaries(seen.canaries)
    _say_readings(one.reading for one in seen.readings)
    if not seen.readings:
        say("  Not drawn again yet; a worker does, or `limner watch redraw`.")
    for one in seen.alarms:
        _say_told(one.alarm, one.told)
    if seen.is_alarmed:
        say("  Look at it, then keep another run with `limner watch canary`.")


def say_rates(rates: Sequence[GroupRates]) -> None:
    """Precision and recall of groups of decisions, with their intervals and numbers."""
    say(f"{'':24}  {'precision':26}  recall")
    for one in rates:
        group = f"{one.name} {one.value}".strip()
        precision, recall = one.rates.precision, one.rates.recall
        say(f"{group:24}  {_estimate(precision):26}  {_estimate(recall)}".rstrip())


def rates_document(rates: GroupRates) -> dict[str, object]:
    """The same as JSON."""
    return {"by": rates.name, "value": rates.value, **asdict(rates.rates)}


def _estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return "not known"
    interval = ""
    if estimate.low is not None and estimate.high is not None:
        interval = f" ({estimate.low:.2f} to {estimate.high:.2f})"
    return f"{estimate.value:.2f}{interval}, n {estimate.num}"


def say_overview(overview: Overview) -> None:
    """Everything that is known of a stream."""
    say_reference(overview.reference)
    _say_readings(series[-1].reading for series in overview.series().values())
    for one in overview.alarms:
        _say_told(one.alarm, one.told)
    if overview.is_alarmed:
        say("  Measure again, then set another reference with `limner watch reference`.")


def _say_told(alarm: Alarm, told: Sequence[Telling]) -> None:
    _say_alarm(alarm)
    for one in told:
        say_words(f"  told: {one.channel}, {one.to}" if one.is_told else f"  not told: {one.note}")


def _say_alarm(alarm: Alarm) -> None:
    say(f"  ALARM {alarm.alarm_id}  {alarm.raised_at:%Y-%m-%d %H:%M} UTC")
    for change in alarm.changes:
        say_words(f"  - {change.note}")
        for part in change.slices:
            say(f"      {part}")
        if change.examples:
            say(f"      such as {', '.join(one[:19] + '…' for one in change.examples[:3])}")
    done = alarm.done
    say(f"  The model {done.paused} was paused." if done.paused else f"  {done.not_paused}")
    for alias in done.aliases:
        say(f"  The alias moved: {alias}.")
    num = len(done.ended)
    say(f"  {num} {'piece' if num == 1 else 'pieces'} of evidence ended.")


def _say_readings(readings: Iterable[Reading]) -> None:
    """What alarms by itself; of what is quiet the highest; what has no verdict by why."""
    moments: defaultdict[int, list[Reading]] = defaultdict(list)
    for one in readings:
        moments[one.position].append(one)
    for position, read in moments.items():
        say(f"  after {position:,} images")
        alarms = [one for one in read if one.verdict == "alarm"]
        for one in alarms:
            say_words(f"    alarm  {one.measure}, {_strength(one)}. {one.note}".rstrip())
        quiet = [one for one in read if one.verdict == "quiet"]
        if quiet:
            highest = max(quiet, key=lambda one: one.value or 0.0)
            of = f"{len(quiet)} others" if alarms else f"all {len(quiet)}"
            say_words(f"    quiet  {of}; highest is {highest.measure}, {_strength(highest)}")
        reasons: defaultdict[str, list[str]] = defaultdict(list)
        for one in read:
            if one.verdict == "insufficient":
                reasons[one.note].append(one.measure)
        for why, measures in reasons.items():
            say_words(f"    insufficient  {', '.join(measures)}. {why}")


def _strength(reading: Reading) -> str:
    """How strong the evidence of a change is, and by which method."""
    if reading.value is None or reading.limit is None:
        return reading.method
    return f"{reading.value:.2f} of {reading.limit:.2f} ({reading.method})"
