"""What the ledger promises: every tampering is told, and appending is fast and durable."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.figure import Measurement, median_measurement
from benchmarks.tampering import ATTACKERS, OPERATIONS, PLACES, Attempt, Ground
from limner.store.ledger.entries import Draft, Kind
from limner.store.repository import Store

BATCH_ENTRIES = 500
START = datetime(2026, 1, 1, tzinfo=UTC)


def measure_tampering(is_quick: bool) -> Measurement:
    """Share of random tamperings that are told, by the verifier or by the witness, in per cent.

    10,000 attempts on a ledger of 370 entries under 9 checkpoints, its last one cosigned: each of
    6 operations, by each of 3 attackers (see tampering.py), in the database and in an export, at
    random places. The database is judged by what `limner log verify` runs, the export by the
    verifier that ships with it; what these let pass goes to the witness. The ledger as it was is
    let pass by all, or the benchmark stops.
    """
    rng = np.random.default_rng(20260101)
    caught: Counter[tuple[str, str]] = Counter()
    num_attempts = 180 if is_quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder), rng)
        for number in range(num_attempts):
            attempt = _attempt(number)
            by_whom = ground.attempt(attempt)
            caught[f"{attempt.operation} by the {attempt.attacker}", by_whom] += 1
        ground.store.close()
    _print_caught(caught)
    num_missed = sum(count for (_, by_whom), count in caught.items() if by_whom == "nobody")
    share = 100 * (1 - num_missed / num_attempts)
    # One-sided 95 % when none was missed: the rule of three.
    low = 100 * (1 - 3 / num_attempts) if num_missed == 0 else None
    interval = None if low is None else (round(low, 3), 100.0)
    return Measurement(value=round(share, 4), n=num_attempts, interval=interval)


def measure_rate(is_quick: bool) -> Measurement:
    """Entries appended a second, durably, in transactions of 500; median over transactions.

    Every transaction is flushed to the disk before the next begins (SQLite's write-ahead log,
    synchronous = FULL), and every one is followed by a signed checkpoint, as the cadence says.
    Entries are as long as those of stored images. Also printed: the same one entry at a time, and
    what reading takes in a ledger of that size.
    """
    num_batches = 20 if is_quick else 200
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        rates = [_batch_rate(store, batch) for batch in range(num_batches)]
        single = _single_rate(store, 20 if is_quick else 200)
        print(f"one entry in a transaction: {single:.0f} entries a second")
        _print_reading(store)
        store.close()
    return median_measurement(rates)


def _attempt(number: int) -> Attempt:
    operation = OPERATIONS[number % len(OPERATIONS)]
    number //= len(OPERATIONS)
    attacker = ATTACKERS[number % len(ATTACKERS)]
    return Attempt(operation, attacker, PLACES[number // len(ATTACKERS) % len(PLACES)])


def _print_caught(caught: Counter[tuple[str, str]]) -> None:
    print(f"{'tampering':24} {'verifier':>9} {'witness':>9} {'nobody':>9}")
    for name in dict.fromkeys(name for name, _ in sorted(caught)):
        counts = "".join(f" {caught[name, one]:9}" for one in ("verifier", "witness", "nobody"))
        print(f"{name:24}{counts}")


def _draft(number: int) -> Draft:
    return Draft(
        kind=Kind.IMAGE_STORED,
        subject=f"sha256:{number:064x}",
        document={
            "pixels_sha256": f"sha256:{number:064x}",
            "file_format": "png",
            "num_bytes": 48_211,
            "size": "256x256",
            "generator": "limner-icons",
            "generator_version": "1",
            "recipe": f"sha256:{number:064x}",
        },
    )


def _batch_rate(store: Store, batch: int) -> float:
    drafts = [_draft(batch * BATCH_ENTRIES + k) for k in range(BATCH_ENTRIES)]
    started = time.perf_counter()
    store.ledger.append_all(drafts, recorded_at=START)
    return BATCH_ENTRIES / (time.perf_counter() - started)


def _single_rate(store: Store, num_entries: int) -> float:
    started = time.perf_counter()
    for number in range(num_entries):
        draft = _draft(number)
        store.append(draft.kind, draft.document, subject=draft.subject, recorded_at=START)
    return num_entries / (time.perf_counter() - started)


def _print_reading(store: Store) -> None:
    ledger = store.ledger
    ledger.sign(START)
    num_entries = ledger.count()
    started = time.perf_counter()
    proofs = [ledger.prove_inclusion(k * num_entries // 50, num_entries) for k in range(50)]
    proven_ms = 1000 * (time.perf_counter() - started) / len(proofs)
    started = time.perf_counter()
    is_good = ledger.verify().is_good
    verified = num_entries / (time.perf_counter() - started)
    assert is_good
    print(
        f"in a ledger of {num_entries} entries: a proof of {len(proofs[0])} hashes in "
        f"{proven_ms:.1f} ms, {verified:.0f} entries a second verified"
    )
