"""Facts of addresses that need no token."""

from datetime import UTC, datetime, timedelta

import pytest

from limner.core.errors import KeyRefused, NotFound
from limner.studio.image_links import KEY_FILE, LASTS, read_link, sign_link

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = "sha256:" + "ab" * 32


def test_a_link_gives_the_image_it_was_made_for(tmp_path):
    assert read_link(tmp_path, sign_link(tmp_path, IMAGE, NOW), NOW).image_id == IMAGE


def test_a_link_ends(tmp_path):
    link = sign_link(tmp_path, IMAGE, NOW)
    with pytest.raises(NotFound, match="ended"):
        read_link(tmp_path, link, NOW + LASTS)


def test_a_link_holds_until_it_ends(tmp_path):
    link = sign_link(tmp_path, IMAGE, NOW)
    read_link(tmp_path, link, NOW + LASTS - timedelta(seconds=1))


@pytest.mark.parametrize("place", [0, 70, -1])
def test_a_link_that_was_changed_gives_nothing(tmp_path, place):
    link = sign_link(tmp_path, IMAGE, NOW)
    other = "0" if link[place] != "0" else "1"
    changed = link[:place] + other + link[place:][1:] if place >= 0 else link[:-1] + other
    with pytest.raises(NotFound):
        read_link(tmp_path, changed, NOW)


def test_a_link_of_another_data_folder_gives_nothing(tmp_path):
    link = sign_link(tmp_path / "one", IMAGE, NOW)
    with pytest.raises(NotFound):
        read_link(tmp_path / "two", link, NOW)


@pytest.mark.parametrize("text", ["", "..", "a-1-b", "x" * 4000, "../../etc/passwd"])
def test_what_is_no_link_gives_nothing(tmp_path, text):
    with pytest.raises(NotFound):
        read_link(tmp_path, text, NOW)


def test_the_key_is_for_its_owner_alone(tmp_path):
    sign_link(tmp_path, IMAGE, NOW)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0


def test_a_key_that_others_can_read_is_refused(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "links.key").write_text("00" * 32)
    (folder / "links.key").chmod(0o644)
    with pytest.raises(KeyRefused, match="0644"):
        sign_link(tmp_path, IMAGE, NOW)
