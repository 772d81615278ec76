"""S3 as obstore speaks it, with a server here that lists and gives objects."""

from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.app import open_looker
from limner.core.errors import BadInput
from limner.studio.look import buckets
from limner.studio.look.arriving import Arrivals
from limner.studio.look.buckets import BucketFault, address_of, content_at
from limner.studio.look.looker import Asked
from limner.studio.look.rows import rows_of
from limner.studio.look.run import begin_look, look
from limner.studio.look.sources import find_items

pytest.importorskip("obstore", reason="S3 needs the extra s3")


class Service(BaseHTTPRequestHandler):
    """ListObjectsV2, HeadObject and GetObject of one bucket, from `objects` of the server."""

    def do_GET(self):
        url = urlsplit(self.path)
        key = unquote(url.path).removeprefix("/parts").removeprefix("/")
        if not key:
            self.answer(
                200,
                self.listing(parse_qs(url.query)["prefix"][0] if "prefix=" in url.query else ""),
            )
        elif key == "locked.png":
            self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        elif key in self.server.objects:
            self.answer(200, self.server.objects[key])
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_HEAD = do_GET

    def listing(self, prefix):
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>x</ETag></Contents>"
            for key, content in sorted(self.server.objects.items())
            if key.startswith(prefix)
        )
        return (
            f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()
        )

    def answer(self, code, content):
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("ETag", '"x"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def objects(monkeypatch):
    """Objects of the bucket ``parts``, by their keys."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.objects = {}
    Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    yield server.objects
    server.shutdown()
    server.server_close()


def found_at(address):
    return [(one.name, one.fault and one.fault.code) for one in find_items([Path(address)])]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("s3://parts/in/new", "s3://parts/in/new"),
        ("s3://parts", "s3://parts/"),
        ("./s3/parts", None),
        ("s3://Bad_Name/x", None),
    ],
)
def test_an_address_is_known_as_a_path_though_it_drops_a_slash(path, address):
    assert address_of(Path(path)) == address


def test_objects_below_a_prefix_are_found_and_no_others(objects):
    objects |= {"in/a.png": b"x", "in/deep/b.png": b"y", "out/c.png": b"z"}
    assert [name for name, _ in found_at("s3://parts/in")] == [
        "s3://parts/in/a.png",
        "s3://parts/in/deep/b.png",
    ]


def test_one_object_is_found_by_its_own_address(objects):
    objects["a.png"] = b"x"
    assert found_at("s3://parts/a.png") == [("s3://parts/a.png", None)]


def test_archives_films_and_hidden_objects_are_not_opened(objects):
    objects |= {"in/a.zip": b"x", "in/b.mp4": b"y", "in/.hidden.png": b"z"}
    assert found_at("s3://parts/in") == [
        ("s3://parts/in/a.zip", "not_read_in_s3"),
        ("s3://parts/in/b.mp4", "not_read_in_s3"),
    ]


def test_nothing_at_an_address_is_told(objects):
    assert found_at("s3://parts/gone") == [("s3://parts/gone", "s3_unreadable")]


def test_an_object_that_may_not_be_read_is_told_without_keys(objects):
    with pytest.raises(BucketFault, match="cannot be read with these keys of S3"):
        content_at("s3://parts/locked.png", 99)


def test_an_object_that_is_too_large_is_not_fetched(objects):
    objects["a.png"] = bytes(100)
    with pytest.raises(BucketFault, match="more than 99 bytes"):
        content_at("s3://parts/a.png", 99)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(buckets, "import_module", missing)
    (item,) = find_items([Path("s3://parts/in")])
    assert "limner[s3]" in item.fault.sentence


def test_a_bucket_cannot_be_watched():
    with pytest.raises(BadInput, match="cannot be watched"):
        Arrivals([Path("s3://parts/in")])


def test_a_picture_in_a_bucket_is_looked_at_like_one_in_a_folder(parts, objects, tmp_path):
    rough = np.random.default_rng(900).integers(0, 256, (6, 8, 3), np.uint8)
    PillowImage.fromarray(rough).resize((96, 80)).save(tmp_path / "a.png")
    objects |= {"in/a.png": (tmp_path / "a.png").read_bytes(), "in/cut.png": b"\x89PNG\r\n\x1a\n"}
    opening = partial(open_looker, parts.settings, Asked())
    run = begin_look(parts, [Path("s3://parts/in")], Asked(), opening().sha256)
    told = list(look(parts, run, opening, num_processes=1))
    assert {one.name: one.outcome for one in told} == {
        "s3://parts/in/a.png": "released",
        "s3://parts/in/cut.png": None,
    }
    (row, _) = rows_of(parts, run.run_id)
    assert row.look.incoming.source == "s3://parts/in/a.png"
