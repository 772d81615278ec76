import errno
from pathlib import Path

import pytest

from limner.core.given_file import read_at_most, read_text_at_most, reason_of


def test_a_file_that_is_no_longer_than_allowed_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"fox" * 1000)
    assert read_at_most(tmp_path / "a", 3000) == b"fox" * 1000


def test_a_longer_file_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"fox" * 1000)
    with pytest.raises(OSError, match="more than the 2,999 bytes that are allowed") as refused:
        read_at_most(tmp_path / "a", 2999)
    assert refused.value.errno == errno.EFBIG


def test_a_name_that_no_file_has_is_refused(tmp_path):
    with pytest.raises(OSError, match="a character that no name has"):
        read_at_most(tmp_path / "a\0b", 3000)


def test_a_device_without_end_is_read_no_further_than_allowed():
    with pytest.raises(OSError, match="more than the 5,000,000 bytes"):
        read_at_most(Path("/dev/zero"), 5_000_000)


def test_what_is_no_text_is_said_to_be_none(tmp_path):
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(OSError, match="not text in UTF-8"):
        read_text_at_most(tmp_path / "a", 100)


@pytest.mark.parametrize(("name", "said"), [("gone", "no such file or directory"), (".", "is a")])
def test_why_a_file_cannot_be_read_is_said_in_words(tmp_path, name, said):
    with pytest.raises(OSError, match="tmp") as refused:
        read_at_most(tmp_path / name, 100)
    assert reason_of(refused.value).startswith(said)
