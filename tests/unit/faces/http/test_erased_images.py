"""What is told of a job one of whose images was erased: that it is gone, and the others as ever."""

import pytest

from limner.core.errors import NotFound
from limner.faces.http.compat.deliveries import deliver, require_some
from limner.studio.erase import erase


@pytest.fixture
def job(drawn, studio):
    """A job of two images, the first of them erased."""
    document = drawn(num_images=2)
    erase(studio.parts, [document["images"][0]["image_id"]])
    return studio.jobs.get(document["job_id"])


@pytest.mark.parametrize("page", ["/draw/jobs", "/jobs"])
def test_pages_show_no_picture_of_what_was_erased(client, job, page):
    erased, kept = (one.image_id for one in job.images)
    shown = client().get(page).text
    assert f"/images/{erased}" not in shown
    assert f"/images/{kept}" in shown


def test_the_draw_page_says_that_an_image_was_erased(client, job):
    shown = client().get("/draw/jobs").text
    assert '<span class="soft small">erased</span>' in shown


def test_a_job_is_delivered_without_what_was_erased(studio, job):
    _erased, kept = (one.image_id for one in job.images)
    assert [one.image_id for one in deliver(studio.parts, job).released] == [kept]


def test_that_every_image_was_erased_is_said(studio, job):
    erase(studio.parts, [job.images[1].image_id])
    with pytest.raises(NotFound, match="Every image of this job was erased"):
        require_some(deliver(studio.parts, job))
