import json
import zipfile

import numpy as np
import pytest

from limner.core.access import Principal, Scope
from limner.core.errors import BadInput, NotFound
from limner.store.gallery import Search
from limner.studio.export import export_zip
from limner.studio.gallery import (
    find_alike,
    find_images,
    find_near,
    looks_of,
    open_for,
    require_visible,
)
from limner.studio.image_file import encode_plain_png
from limner.studio.stored_image import open_image
from limner.studio.studio import Studio


def person(name: str, *scopes: Scope) -> Principal:
    return Principal(name=name, scopes=frozenset(scopes or {Scope.GENERATE}), token_id="t")


ADA, BEN, OPERATOR = person("ada"), person("ben"), person("op", Scope.OPERATE)


@pytest.fixture
def image_id(studio: Studio) -> str:
    """An image that was drawn for Ada."""
    studio.parts.requester = "ada"
    (image,) = studio.generate("a red fox", seed=1)
    return image.image_id


def test_an_image_is_seen_by_its_owner_and_by_who_sees_everything(studio: Studio, image_id: str):
    for viewer in (ADA, OPERATOR):
        assert require_visible(studio.parts, viewer, image_id).record.image_id == image_id


def test_another_is_told_the_same_as_of_an_image_that_is_not_there(studio: Studio, image_id: str):
    with pytest.raises(NotFound) as hidden:
        require_visible(studio.parts, BEN, image_id)
    with pytest.raises(NotFound) as absent:
        require_visible(studio.parts, BEN, "sha256:none")
    assert hidden.value.message.replace(image_id, "") == absent.value.message.replace(
        "sha256:none", ""
    )


def test_a_reviewer_does_not_see_the_gallery_of_others(studio: Studio, image_id: str):
    reviewer = person("rea", Scope.REVIEW)
    assert find_images(studio.parts, reviewer, Search()).images == ()


def test_likeness_shows_nothing_of_another(studio: Studio, image_id: str):
    studio.parts.requester = "ben"
    (own,) = studio.generate("a red fox", seed=1, negative="cat")
    alike = find_alike(studio.parts, BEN, own.image_id).images
    assert image_id not in [one.image_id for one in alike]


def test_a_file_finds_what_looks_like_it_for_who_may_see_it_alone(studio: Studio, image_id: str):
    looks = looks_of(studio.parts, open_image(studio.parts, image_id).content, "fox.png")
    assert [one.image_id for one in find_near(studio.parts, ADA, looks).images] == [image_id]
    assert find_near(studio.parts, BEN, looks).images == ()


def test_a_picture_with_nothing_on_it_looks_like_nothing(studio: Studio):
    grey = encode_plain_png(np.full((64, 64, 4), 255, np.uint8))
    with pytest.raises(BadInput, match="Too little is on the picture"):
        looks_of(studio.parts, grey, "grey.png")


def test_an_opened_image_has_its_decision_entry_and_seal(studio: Studio, image_id: str):
    opened = open_for(studio.parts, ADA, image_id)
    assert opened.decided.decision.outcome == "released"
    assert opened.entry is not None
    assert opened.entry.subject == image_id
    assert opened.seal is not None


def test_an_export_holds_sealed_files_and_their_list(studio: Studio, image_id: str):
    with export_zip(studio.parts, ADA, [image_id, image_id]) as file, zipfile.ZipFile(file) as zip_:
        (line,) = json.loads(zip_.read("contents.json"))["images"]
        assert line["image_id"] == image_id
        assert b"c2pa" in zip_.read(line["file"])


def test_an_export_with_one_image_of_another_is_refused_whole(studio: Studio, image_id: str):
    with pytest.raises(NotFound):
        export_zip(studio.parts, BEN, [image_id])


def test_an_export_of_nothing_is_refused(studio: Studio):
    with pytest.raises(BadInput, match="0 images are chosen"):
        export_zip(studio.parts, ADA, [])
