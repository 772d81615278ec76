"""Verifying over HTTP: what anybody sends, answered in one word, and nobody's name in it."""

import dataclasses

import pytest
from fastapi.testclient import TestClient

from limner.faces.http.app import make_app
from limner.faces.http.native.verifying import plain_name


@pytest.fixture
def sealed(client, drawn):
    """A released file of dana's, and its image_id."""
    image_id = drawn()["images"][0]["image_id"]
    return client().get(f"/api/images/{image_id}/file").content, image_id


def verify(asking, content, name="a.png", kind="image/png"):
    return asking.post("/api/verify", files={"file": (name, content, kind)})


def test_a_released_file_is_trusted_and_found(client, sealed):
    content, image_id = sealed
    document = verify(client(), content).json()
    assert (document["state"], document["image_id"]) == ("trusted", image_id)


def test_somebody_else_is_not_told_which_image_it_is(client, sealed):
    content, image_id = sealed
    answer = verify(client("eve", "generate"), content)
    assert (answer.json()["state"], answer.json()["image_id"]) == ("trusted", None)
    assert image_id not in answer.text


def test_a_changed_file_is_tampered_and_what_it_says_is_not_passed_on(client, sealed):
    content, _image_id = sealed
    at = content.index(b"IDAT") + 20
    changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    document = verify(client(), changed).json()
    assert (document["state"], document["generator"]) == ("tampered", None)


def test_the_answer_names_nobody(client, sealed):
    content, _image_id = sealed
    assert "dana" not in verify(client("eve", "generate"), content, name="x.png").text


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"MZ\x90\x00" + b"\x00" * 100, "fox.png", "image/png"),
        (b"<svg onload=alert(1)>", "fox.png", "image/png"),
        (b"\x89PNG\r\n\x1a\n", "fox.png", "image/png"),
        (b"%PDF-1.7", "a.pdf", "application/pdf"),
        (b"PK\x03\x04" + b"\x00" * 50, "a.zip", "image/jpeg"),
    ],
)
def test_what_a_file_is_goes_by_its_content(client, content, name, kind):
    answer = verify(client(), content, name, kind)
    assert (answer.status_code, answer.json()["state"]) == (200, "unreadable")


def test_a_name_that_lies_about_the_format_is_told(client, sealed):
    content, _image_id = sealed
    document = verify(client(), content, name="a.jpg", kind="image/jpeg").json()
    assert any(".jpg" in one for one in document["notices"])


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.png", "..\\..\\boot.ini", "/etc/passwd", "a\x00b.png", ".", "C:\\a"]
)
def test_a_path_in_a_name_is_never_told_nor_opened(client, photo, name):
    answer = verify(client(), photo.read_bytes(), name=name)
    assert answer.status_code == 200
    assert "etc" not in answer.text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a/b.png", "b.png"),
        ("a\\b.png", "b.png"),
        (None, "file"),
        ("", "file"),
        ("..", "file"),
        ("a\x1b[31m.png", "a[31m.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 500 + ".png", "x" * 76 + ".png"),
    ],
)
def test_of_a_name_its_last_printable_part_is_kept(given, kept):
    assert plain_name(given) == kept


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=a"),
        (b"--a\r\n", "multipart/form-data; boundary=a"),
        (
            b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--",
            "multipart/form-data; boundary=a",
        ),
        (b"x", "multipart/form-data"),
        (b"x" * 100, "multipart/form-data; boundary=" + "b" * 500),
        (b"file=x", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"x", "image/png"),
    ],
)
def test_a_malformed_form_is_refused(client, content, kind):
    answer = client().post("/api/verify", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (400, 422), answer.text


def test_a_form_of_very_many_parts_is_refused_with_how_many_there_may_be(client):
    files = [("file", (f"{k}.png", b"x", "image/png")) for k in range(1500)]
    answer = client().post("/api/verify", files=files)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The body cannot be read as what its Content-Type")
    assert "1000" in answer.json()["detail"]


def test_an_empty_file_is_refused(client):
    assert verify(client(), b"").status_code == 422


def test_a_sidecar_that_is_none_is_refused(client, photo):
    files = {"file": ("a.png", photo.read_bytes()), "sidecar": ("a.c2pa", b"nothing")}
    answer = client().post("/api/verify", files=files)
    assert (answer.status_code, answer.json()["code"]) == (422, "sidecar_invalid")


def test_strangers_do_not_verify_unless_it_is_allowed(stranger, photo):
    assert verify(stranger, photo.read_bytes()).status_code == 401


def test_strangers_verify_where_it_is_allowed(studio, photo):
    studio.parts.settings = dataclasses.replace(studio.settings, anyone_may_verify=True)
    with TestClient(make_app(studio), base_url="http://127.0.0.1:8000") as stranger:
        answer = verify(stranger, photo.read_bytes() + b"\0" * 100_000)
        assert (answer.status_code, answer.json()["state"]) == (200, "no_credential")
        assert stranger.get("/api/session").status_code == 401
