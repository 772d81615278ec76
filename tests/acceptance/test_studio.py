"""`limner studio` and `limner tokens` as processes: started, used, killed, stopped."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

PAINTED = Path(__file__).parents[1] / "painted_limner.py"
PATIENCE_SECONDS = 60
LARGE_BYTES = 200 * 2**20


class Running:
    """A server as a process, and a client with the token of its link."""

    def __init__(self, process):
        self.process = process
        self.link = next(one.strip() for one in process.stdout if one.startswith("http://"))
        address, self.token = self.link.split("/?token=")
        self.address = address
        headers = {"Authorization": f"Bearer {self.token}"}
        self.client = httpx.Client(base_url=address, headers=headers, timeout=PATIENCE_SECONDS)

    def draw(self, **fields):
        """Have a job drawn; its document when it is over."""
        answer = self.client.post("/api/jobs", json={"prompt": "a fox", **fields})
        assert answer.status_code == 202, answer.text
        return until(lambda: over(self.client.get(answer.json()["poll_url"]).json()))

    def workers(self):
        """Ids of this server's child processes."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        tasks = path.parents[1].glob("*/children")
        return [int(one) for task in tasks for one in task.read_text().split()]


def over(job):
    return job if job["is_over"] else None


def until(look):
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def environment(home):
    return {**os.environ, "LIMNER_HOME": str(home), "LIMNER_REVIEWER": "dana"}


@pytest.fixture
def start(environment):
    """Start a server: ``start("--host", "127.0.0.1")``."""
    started = []

    def make(*options, **variables):
        process = subprocess.Popen(
            [sys.executable, PAINTED, "studio", "--no-browser", "--port", "0", *options],
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(Running(process))
        return started[-1]

    yield make
    for running in started:
        running.client.close()
        running.process.terminate()
        running.process.wait(PATIENCE_SECONDS)
        running.process.stdout.close()


def run(environment, *arguments):
    return subprocess.run(
        [sys.executable, PAINTED, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def test_one_command_serves_and_draws(start):
    running = start()
    job = running.draw(num_images=2)
    assert (job["state"], job["owner"], len(job["images"])) == ("finished", "dana", 2)
    content = running.client.get(job["images"][0]["links"]["file"]).content
    verified = running.client.post("/api/verify", files={"file": ("a.png", content)}).json()
    assert verified["state"] == "trusted"


def test_the_link_signs_a_browser_in(start):
    running = start()
    with httpx.Client(base_url=running.address, follow_redirects=False) as browser:
        answer = browser.get(running.link)
        assert answer.status_code == 303
        assert running.token not in answer.headers["location"]
        assert browser.get("/api/session").json()["name"] == "dana"


def test_events_come_while_it_draws(start):
    running = start(PAINT_SECONDS="0.2")
    job = running.client.post("/api/jobs", json={"prompt": "a fox"}).json()
    with running.client.stream("GET", job["events_url"]) as answer:
        kinds = [line[7:] for line in answer.iter_lines() if line.startswith("event: ")]
    assert kinds[0] == "state"
    assert "progress" in kinds
    assert "image" in kinds
    assert kinds[-1] == "end"


def test_who_stops_listening_stops_nothing(start):
    running = start(PAINT_SECONDS="0.1")
    job = running.client.post("/api/jobs", json={"prompt": "a fox"}).json()
    with running.client.stream("GET", job["events_url"]) as answer:
        next(answer.iter_lines())
    assert until(lambda: over(running.client.get(job["poll_url"]).json()))["state"] == "finished"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes in /proc")
def test_a_killed_worker_is_started_again_and_its_job_is_drawn(start):
    running = start(PAINT_SECONDS="0.5")
    job = running.client.post("/api/jobs", json={"prompt": "a fox"}).json()
    until(lambda: running.client.get(job["poll_url"]).json()["state"] == "running")
    (worker,) = running.workers()
    os.kill(worker, signal.SIGKILL)
    done = until(lambda: over(running.client.get(job["poll_url"]).json()))
    assert (done["state"], done["attempts"]) == ("finished", 2)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes in /proc")
def test_the_worker_ends_when_the_server_is_killed(start):
    running = start()
    (worker,) = until(running.workers)
    running.draw()
    running.process.kill()
    until(lambda: not Path(f"/proc/{worker}").exists() or "Z" in status_of(worker))


def status_of(process_id):
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_a_signal_stops_server_and_worker_in_good_order(start):
    running = start()
    workers = until(running.workers)
    running.process.terminate()
    assert running.process.wait(PATIENCE_SECONDS) == 0
    assert [status_of(one) for one in workers] == ["Z"] * len(workers)


def test_a_tied_worker_stops_in_good_order_by_a_signal(environment):
    worker = subprocess.Popen(
        [sys.executable, PAINTED, "worker", "--tied"],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "Waiting for jobs" in worker.stderr.readline()
    time.sleep(0.5)  # until the loop runs
    worker.terminate()
    assert worker.wait(PATIENCE_SECONDS) == 0
    assert worker.stderr.read() == ""
    worker.stdin.close()
    worker.stderr.close()


def test_jobs_outlive_the_server(start):
    first = start(PAINT_SECONDS="1")
    job = first.client.post("/api/jobs", json={"prompt": "a fox"}).json()
    first.process.kill()
    first.process.wait()
    second = start()
    assert until(lambda: over(second.client.get(job["poll_url"]).json()))["state"] == "finished"


def test_a_taken_port_is_one_sentence(start, environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run(environment, "studio", "--no-browser", "--port", port)
    assert ended.returncode == 2
    assert f"port {port} cannot be used" in ended.stderr


def test_a_bad_setting_ends_the_server_with_one_sentence(environment):
    ended = run({**environment, "LIMNER_BATCH_SIZE": "x"}, "studio", "--no-browser", "--port", "0")
    assert ended.returncode == 2
    assert "batch_size" in ended.stderr


@pytest.mark.parametrize("is_announced", [True, False])
def test_200_megabytes_are_refused(start, is_announced):
    running = start()
    head = b'--a\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'

    def pieces():
        yield head + b"x" * (2**20 - len(head))
        for _ in range(LARGE_BYTES // 2**20 - 1):
            yield b"x" * 2**20

    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    if is_announced:
        headers["Content-Length"] = str(LARGE_BYTES)
    answer = running.client.post("/api/verify", content=pieces(), headers=headers)
    assert answer.status_code == 413


def test_who_cannot_write_still_reads(start, home):
    running = start()
    running.draw()
    with sqlite3.connect(home / "limner.sqlite3", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = [running.client.get(one).status_code for one in ("/health", "/api/jobs")]
        other.execute("ROLLBACK")
    assert answers == [200, 200]


def test_the_token_stands_alone_on_the_last_line(environment):
    made = run(environment, "tokens", "create", "--scope", "generate", "--name", "eve")
    assert made.returncode == 0
    assert made.stdout.splitlines()[-1].startswith("limner_")


def test_a_token_is_listed_without_itself_and_revoked(start, environment):
    token = run(environment, "tokens", "create", "--scope", "reviewer", "--name", "eve").stdout
    listed = run(environment, "tokens", "list").stdout
    assert "eve, review, in force" in listed
    assert token.strip() not in listed
    running = start()
    headers = {"Authorization": f"Bearer {token.strip()}"}
    assert running.client.get("/api/session", headers=headers).json()["name"] == "eve"
    run(environment, "tokens", "revoke", listed.split()[0])
    assert running.client.get("/api/session", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "options",
    [
        ("--scope", "paint", "--name", "eve"),
        ("--scope", "generate", "--name", " "),
        ("--scope", "generate", "--name", "a\x1bb"),
        ("--scope", "generate", "--name", "eve", "--days", "0"),
    ],
)
def test_a_token_that_cannot_be_made_is_one_sentence(environment, options):
    ended = run(environment, "tokens", "create", *options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("limner: ")


def test_a_token_that_is_not_there_cannot_be_revoked(environment):
    assert run(environment, "tokens", "revoke", "nothing").returncode == 2
