"""What jobs promise: a kill loses and doubles nothing, and who waits wakes at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx
import numpy as np

import limner
from benchmarks.figure import Measurement, median_measurement
from benchmarks.serving import url_of
from limner.core.errors import LimnerError
from limner.core.jobs import OVER, Job, JobState
from limner.core.records import Request
from limner.store.repository import Store
from limner.studio.tokens import Tokens

PROMPTS = ("a red fox", "a blue sailing boat", "a green apple", "a yellow star")
STEPS = 6
OWNERS = ("ann", "bob", "cy")
DEADLINE_SECONDS = 1800.0


def measure_kill_nine(is_quick: bool) -> Measurement:
    """Faults found after killing a worker 20 times and a server 20 times; none is allowed.

    First `limner worker` draws with the embedded generator in a process of its own, while three
    owners submit jobs of one to four pictures, so that four wait always. Then `limner studio` does,
    with a worker of its own that ends when the server is gone, and the owners submit over HTTP.
    Each is killed with SIGKILL 20 times, at a random moment within three seconds, counted in turn
    from when it stored some pictures (one to eight, at random) and from when it took its first job;
    then a last worker draws what is left. A fault is: a job that is lost, though it was told to be
    taken, or does not finish; a job told as finished without every picture's row and file, looked
    at after every kill; a picture that is doubled, or not of the seed that was asked; a stored
    image that belongs to no job; a released one without a seal; an answer over HTTP that is neither
    a taken job nor an honest 429; a ledger that does not verify or reconcile; a database that does
    not open. A job that was parked because the kills happened to hit it three times in a row is
    retried and is no fault; how many were is printed. One that was taken by a server that died
    before it said so may be there, and then is held to the same.
    """
    num_kills = 2 if is_quick else 20
    rng = np.random.default_rng(20260401)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with limner.Studio(home) as studio:
            trial = _Trial(studio, home, rng)
            for number in range(num_kills):
                trial.kill_worker(after_picture=number % 2 == 0)
            for number in range(num_kills):
                trial.kill_server(after_picture=number % 2 == 0)
            num_retried = trial.finish()
        trial.check_opening()
    faults = trial.faults
    print(
        f"{num_kills} kills of each: {len(trial.asked)} jobs of {sum(trial.asked.values())} "
        f"pictures, {trial.num_over_http} taken over HTTP, {trial.num_adopted} of them untold, "
        f"{num_retried} parked and retried, {trial.num_running} kills hit a job in hand, "
        f"{trial.num_taken_back} attempts lost; faults: {dict(faults) or 'none'}"
    )
    return Measurement(value=float(sum(faults.values())), n=2 * num_kills)


def measure_wake(is_quick: bool) -> Measurement:
    """Milliseconds from a committed change to the waking of who waits for it, 200 waiting clients.

    Two hundred threads wait for a job each. One job after another is cancelled by another
    connection; timed from the commit until the waiting thread runs again, before it reads its
    job. Also printed: the share of a core that 200 waiting clients cost while nothing happens.
    """
    num_clients = 20 if is_quick else 200
    with tempfile.TemporaryDirectory() as folder, limner.Studio(folder) as studio:
        jobs = [
            studio.jobs.submit(Request(prompt=PROMPTS[0]), owner=f"owner {k % 10}").job_id
            for k in range(num_clients)
        ]
        woken: dict[str, float] = {}
        changes = studio.jobs.changes
        number = studio.parts.store.jobs.number()

        def wait(job_id: str) -> None:
            changes.wait(job_id, lambda change: change.number > number, 600)
            woken[job_id] = time.perf_counter()

        threads = [Thread(target=wait, args=(job_id,)) for job_id in jobs]
        for thread in threads:
            thread.start()
        time.sleep(1.0)
        before_seconds, started = time.process_time(), time.perf_counter()
        time.sleep(2.0 if is_quick else 10.0)
        share = (time.process_time() - before_seconds) / (time.perf_counter() - started)
        committed = {job_id: _cancel(studio, job_id) for job_id in jobs}
        for thread in threads:
            thread.join()
    delays_ms = [1000 * (woken[job_id] - committed[job_id]) for job_id in jobs]
    print(
        f"{num_clients} waiting clients cost {100 * share:.1f} % of a core; "
        f"waking took {np.quantile(delays_ms, 0.5):.1f} ms at p50, "
        f"{np.quantile(delays_ms, 0.95):.1f} ms at p95"
    )
    return median_measurement(delays_ms)


def _cancel(studio: limner.Studio, job_id: str) -> float:
    studio.jobs.cancel(job_id)
    committed = time.perf_counter()
    time.sleep(0.03)
    return committed


def _num_images(number: int) -> int:
    """How many pictures the job of this number asks for, 1 to 4."""
    return int(np.random.default_rng(number).integers(1, 5))


@dataclass(eq=False)
class _Trial:
    """Jobs under load, a worker and a server that are killed, and what was found wrong."""

    studio: limner.Studio
    home: Path
    rng: np.random.Generator
    faults: Counter[str] = field(default_factory=Counter[str])
    asked: dict[str, int] = field(default_factory=dict[str, int])  # pictures by job_id
    seeds: dict[str, int] = field(default_factory=dict[str, int])
    num_running: int = 0
    num_taken_back: int = 0
    num_over_http: int = 0
    num_adopted: int = 0

    def kill_worker(self, *, after_picture: bool) -> None:
        """Start a worker, let it take a job or store pictures, and kill it at a moment after."""
        enough = self._enough(after_picture=after_picture)
        self._fill()
        self._kill(self._start("worker"), enough, self._fill)
        self._check_all_told()

    def kill_server(self, *, after_picture: bool) -> None:
        """The same of a server, its worker with it, while its clients ask over HTTP."""
        enough = self._enough(after_picture=after_picture)
        process = subprocess.Popen(
            [sys.executable, "-m", "limner", "studio", "--port", "0", "--no-browser"],
            env=os.environ | {"LIMNER_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        is_over = Event()
        clients = Thread(target=self._fill_over_http, args=(url_of(process), is_over))
        clients.start()
        try:
            self._kill(process, enough, lambda: None)
        finally:
            is_over.set()
            clients.join()
            if process.stdout is not None:
                process.stdout.close()
        self._adopt()
        self._check_all_told()

    def _enough(self, *, after_picture: bool) -> Callable[[], bool]:
        """Whether enough has happened since now that a kill may come."""
        count = self.studio.parts.store.count_images if after_picture else self._num_attempts
        enough = count() + (int(self.rng.integers(1, 9)) if after_picture else 1)
        return lambda: count() >= enough

    def _kill(
        self,
        process: subprocess.Popen[str],
        is_enough: Callable[[], bool],
        fill: Callable[[], None],
    ) -> None:
        try:
            self._until(is_enough, process, fill)
            end = time.monotonic() + self.rng.uniform(0, 3)
            while time.monotonic() < end:
                fill()
                time.sleep(0.01)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def _check_all_told(self) -> None:
        self.num_running += bool(self.studio.parts.store.leases.held())
        for job_id in self.asked:
            self._check_told(self._job(job_id))

    def finish(self) -> int:
        """Let a last worker draw what is left; how many parked jobs were retried."""
        num_retried = 0
        while True:
            self._start("worker", "--once").wait(timeout=DEADLINE_SECONDS)
            jobs = [self._job(job_id) for job_id in self.asked]
            parked = [one for one in jobs if one and one.state is JobState.PARKED]
            if not parked:
                break
            num_retried += len(parked)
            for one in parked:
                self.studio.jobs.retry(one.job_id)
        for job_id in self.asked:
            self._check_end(self._job(job_id), job_id)
        self._check_images()
        return num_retried

    def check_opening(self) -> None:
        """Open the data folder again, and hold the ledger against files and rows."""
        try:
            store = Store.open(self.home)
        except LimnerError:
            self.faults["the database does not open"] += 1
            return
        self.faults["faults of the ledger"] += len(store.ledger.verify().faults)
        self.faults["gaps between ledger, rows and files"] += len(store.ledger.reconcile().gaps)
        store.close()
        self.faults += Counter()  # drops what was not found

    def _fill(self) -> None:
        while self.studio.jobs.num_waiting() < 4:
            number = len(self.asked)
            job_id, owner = f"job-{number}", OWNERS[number % len(OWNERS)]
            request = Request(
                prompt=PROMPTS[number % len(PROMPTS)],
                num_images=_num_images(number),
                seed=1000 * number,
                steps=STEPS,
            )
            self.studio.jobs.submit(request, owner=owner, job_id=job_id)
            self._note_asked(number)

    def _fill_over_http(self, url: str, is_over: Event) -> None:
        """Ask until the server is gone; what it did not say it took is not asked."""
        tokens = Tokens(self.studio.parts)
        shown = {one: tokens.create(one, ["generate"]).text for one in OWNERS}
        with httpx.Client(base_url=url, timeout=DEADLINE_SECONDS) as client:
            while not is_over.is_set():
                if self.studio.jobs.num_waiting() >= 4:
                    time.sleep(0.005)
                    continue
                number = len(self.asked)
                body = {
                    "job_id": f"job-{number}",
                    "prompt": PROMPTS[number % len(PROMPTS)],
                    "num_images": _num_images(number),
                    "seed": 1000 * number,
                    "steps": STEPS,
                }
                bearer = f"Bearer {shown[OWNERS[number % len(OWNERS)]]}"
                try:
                    answer = client.post("/api/jobs", json=body, headers={"Authorization": bearer})
                except httpx.HTTPError:
                    return
                if answer.status_code == 202:
                    self._note_asked(number)
                    self.num_over_http += 1
                elif answer.status_code != 429 or "retry-after" not in answer.headers:
                    self.faults[f"status {answer.status_code}"] += 1

    def _adopt(self) -> None:
        """Hold a job to account that was taken, though its server died before it said so."""
        number = len(self.asked)
        if any(one.job_id == f"job-{number}" for one in self.studio.jobs.list(owner=None)):
            self._note_asked(number)
            self.num_adopted += 1

    def _note_asked(self, number: int) -> None:
        self.asked[f"job-{number}"] = _num_images(number)
        self.seeds[f"job-{number}"] = 1000 * number

    def _start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "limner", *command],
            env=os.environ | {"LIMNER_HOME": str(self.home)},
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _until(
        self,
        is_so: Callable[[], bool],
        process: subprocess.Popen[str],
        fill: Callable[[], None],
    ) -> None:
        end = time.monotonic() + DEADLINE_SECONDS
        while not is_so():
            fill()
            assert process.poll() is None, "the process ended by itself"
            assert time.monotonic() < end, "no job was taken"
            time.sleep(0.01)

    def _num_attempts(self) -> int:
        jobs = self.studio.jobs.list(owner=None, limit=500)
        return sum(one.attempts for one in jobs)

    def _job(self, job_id: str) -> Job | None:
        try:
            return self.studio.jobs.get(job_id)
        except LimnerError:
            self.faults["jobs lost"] += 1
            return None

    def _check_told(self, job: Job | None) -> None:
        """What is told as finished has every picture and every file."""
        if job is None or job.state is not JobState.FINISHED:
            return
        if len(job.images) != self.asked[job.job_id]:
            self.faults["finished without every picture"] += 1
        for image in job.images:
            self.faults["finished without its file"] += not self._has_file(image.image_id)

    def _check_end(self, job: Job | None, job_id: str) -> None:
        if job is None:
            return
        if job.state is not JobState.FINISHED:
            ended = "ended otherwise" if job.state in OVER else "not over"
            self.faults[f"jobs {ended}: {job.state}"] += 1
            return
        self._check_told(job)
        first = self.seeds[job_id]
        if [one.seed for one in job.images] != list(range(first, first + self.asked[job_id])):
            self.faults["pictures of other seeds than were asked"] += 1
        self.num_taken_back += job.attempts - 1
        store = self.studio.parts.store
        for image in job.images:
            if image.outcome == "released" and store.seal_of(image.image_id) is None:
                self.faults["released without a seal"] += 1

    def _check_images(self) -> None:
        jobs = [self._job(job_id) for job_id in self.asked]
        image_ids = [image.image_id for job in jobs if job for image in job.images]
        self.faults["pictures doubled"] += len(image_ids) - len(set(image_ids))
        num_stored = self.studio.parts.store.count_images()
        self.faults["images of no job"] += num_stored - len(set(image_ids))

    def _has_file(self, image_id: str) -> bool:
        store = self.studio.parts.store
        record = store.image_by_id(image_id)
        try:
            return record is not None and bool(store.read_image(record))
        except LimnerError:
            return False
