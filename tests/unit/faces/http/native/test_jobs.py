"""Jobs over HTTP: asking, following, steering, and what cannot be asked."""

import base64
import json

import pytest

from limner.core.errors import StorageUnavailable


def test_a_job_is_taken_with_202_and_an_address_to_look_at(client):
    answer = client().post("/api/jobs", json={"prompt": "a fox"})
    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["poll_url"]
    assert answer.json()["state"] == "queued"


def test_a_drawn_job_tells_its_images_with_what_was_decided(drawn):
    job = drawn(num_images=2)
    assert (job["state"], job["is_over"]) == ("finished", True)
    assert [one["outcome"] for one in job["images"]] == ["released", "released"]


def test_an_id_of_ones_own_is_kept_and_asking_again_gives_the_same_job(client):
    asking = client()
    fields = {"prompt": "a fox", "seed": 1, "job_id": "my-1"}
    first, second = (asking.post("/api/jobs", json=fields).json() for _ in range(2))
    assert (first["job_id"], second["job_id"]) == ("my-1", "my-1")
    assert len(asking.get("/api/jobs").json()["jobs"]) == 1


def test_the_same_id_for_something_else_answers_409(client):
    asking = client()
    asking.post("/api/jobs", json={"prompt": "a fox", "job_id": "my-1"})
    assert asking.post("/api/jobs", json={"prompt": "a cat", "job_id": "my-1"}).status_code == 409


def test_a_page_of_jobs_leads_to_the_next(client):
    asking = client()
    made = [asking.post("/api/jobs", json={"prompt": "a fox"}).json()["job_id"] for _ in range(3)]
    first = asking.get("/api/jobs", params={"limit": 2}).json()
    second = asking.get("/api/jobs", params={"limit": 2, "before": first["before"]}).json()
    listed = [one["job_id"] for page in (first, second) for one in page["jobs"]]
    assert (sorted(listed), second["before"]) == (sorted(made), None)


def test_jobs_are_listed_by_state(client):
    asking = client()
    job_id = asking.post("/api/jobs", json={"prompt": "a fox"}).json()["job_id"]
    asking.post(f"/api/jobs/{job_id}/cancel")
    asking.post("/api/jobs", json={"prompt": "a cat"})
    listed = asking.get("/api/jobs", params={"state": "cancelled"}).json()["jobs"]
    assert [one["job_id"] for one in listed] == [job_id]


def test_a_job_is_paused_resumed_cancelled_and_queued_again(client):
    asking = client()
    here = asking.post("/api/jobs", json={"prompt": "a fox"}).json()["poll_url"]
    steps = ["pause", "resume", "cancel", "cancel", "retry"]
    states = [asking.post(f"{here}/{one}").json()["state"] for one in steps]
    assert states == ["paused", "queued", "cancelled", "cancelled", "queued"]


def test_a_finished_job_cannot_be_queued_again(client, drawn):
    job = drawn()
    assert client().post(f"{job['poll_url']}/retry").status_code == 409


def test_the_events_of_a_finished_job_are_its_state_its_images_and_its_end(client, drawn):
    job = drawn()
    answer = client().get(job["events_url"])
    assert answer.headers["content-type"].startswith("text/event-stream")
    kinds = [line[7:] for line in answer.text.splitlines() if line.startswith("event: ")]
    assert kinds == ["state", "image", "end"]


def test_every_event_holds_one_line_of_json(client, drawn):
    job = drawn(prompt="a fox\nwith a newline")
    lines = client().get(job["events_url"]).text.splitlines()
    data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert data[-1]["request"]["prompt"] == "a fox\nwith a newline"


def test_a_picture_of_ones_own_is_drawn_from(client, drawn, photo):
    content = base64.b64encode(photo.read_bytes()).decode()
    job = drawn(source={"content": content}, strength=0.5)
    image_id = job["images"][0]["image_id"]
    recipe = client().get(f"/api/images/{image_id}/recipe").json()
    assert recipe["source_sha256"] is not None


def test_an_image_that_was_released_is_drawn_from(client, drawn):
    first = drawn()["images"][0]["image_id"]
    job = drawn(prompt="a cat", source={"image_id": first})
    assert job["state"] == "finished"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "prompt"),
        ({"prompt": 3}, "prompt"),
        ({"prompt": "a fox", "steps": "4"}, "steps"),
        ({"prompt": "a fox", "steps": 4.5}, "steps"),
        ({"prompt": "a fox", "num_images": True}, "num_images"),
        ({"prompt": "a fox", "num_images": 10**30}, "num_images"),
        ({"prompt": "a fox", "n": 2}, "n"),
        ({"prompt": "a fox", "source": {"path": "/etc/passwd"}}, "source.path"),
        ({"prompt": "a fox", "file_format": "exe"}, "file_format"),
        ({"prompt": "x" * 10_001}, "prompt"),
    ],
)
def test_a_field_that_is_unknown_or_not_allowed_is_named(client, fields, named):
    answer = client().post("/api/jobs", json=fields)
    assert answer.status_code == 422
    assert named in [one["field"] for one in answer.json()["errors"]]


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": ""},
        {"prompt": "a fox", "steps": 10_000},
        {"prompt": "a fox", "style": "nothing"},
        {"prompt": "a fox", "size": "0x0"},
        {"prompt": "a fox", "margins": "a,b"},
        {"prompt": "a fox", "seed": -1},
        {"prompt": "a fox", "job_id": "../../etc/passwd"},
        {"prompt": "a fox", "source": {}},
        {"prompt": "a fox", "source": {"content": "not base64!"}},
        {"prompt": "a fox", "source": {"content": "aGVsbG8="}},
        {"prompt": "a fox\x00"},
        {"prompt": "a fox\x1b[31m"},
        {"prompt": "__../../../etc/passwd__"},
    ],
)
def test_what_cannot_be_honoured_answers_422_with_a_sentence(client, fields):
    answer = client().post("/api/jobs", json=fields)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "content",
    [b"{", b"", b"\xff\xfe", b'{"prompt": "a fox"', b"[" * 100_000, b'{"a":' * 5000, b"null"],
)
def test_a_body_that_is_no_json_object_is_refused(client, content):
    answer = client().post(
        "/api/jobs", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)


def test_nan_is_no_number(client):
    answer = client().post(
        "/api/jobs",
        content=b'{"prompt": "a fox", "guidance": NaN}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("kind", ["text/plain", "image/png", "multipart/form-data", "x"])
def test_json_under_another_content_type_is_refused(client, kind):
    answer = client().post(
        "/api/jobs", content=b'{"prompt": "a fox"}', headers={"Content-Type": kind}
    )
    assert answer.status_code in (400, 415, 422)


def test_markup_in_a_prompt_comes_back_as_it_was_and_is_no_page(drawn, client):
    prompt = "<script>alert(1)</script>"
    job = drawn(prompt=prompt)
    answer = client().get(job["poll_url"])
    assert answer.json()["request"]["prompt"] == prompt
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "job_id", ["..%2f..%2fetc%2fpasswd", "%00", "a" * 5000, "%3Cscript%3E", "%F0%9F%A6%8A"]
)
def test_a_strange_job_id_is_not_found(client, job_id):
    assert client().get(f"/api/jobs/{job_id}").status_code in (404, 422)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Cannot write '/home/ada/x': the disk is full.", 507),
        ("Cannot use the database '/home/ada/x': database is locked.", 503),
    ],
)
def test_a_full_disk_and_a_locked_database_are_told_apart(
    client, studio, monkeypatch, message, status
):
    def fail(*_, **__):
        raise StorageUnavailable(message, retryable=True)

    asking = client()
    monkeypatch.setattr(studio.jobs, "submit", fail)
    answer = asking.post("/api/jobs", json={"prompt": "a fox"})
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "2")
    assert "/home" not in answer.text


def test_a_time_that_is_none_is_refused_by_name(client):
    answer = client().post("/api/jobs", json={"prompt": "a fox", "within_seconds": -1})
    assert answer.status_code == 422
    assert answer.json()["code"] == "within_seconds_out_of_range"
