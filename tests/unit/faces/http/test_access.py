"""Every route stands behind the one layer of access; nobody sees what is another's."""

import pytest
from fastapi.routing import iter_route_contexts

from limner.core.access import ROLES, Principal, Scope, scopes_of
from limner.core.errors import BadInput
from limner.faces.http.access import PUBLIC, Admission, OpenAdmission, shown_token
from limner.faces.http.rates import Rate

SECRET = "quixotic zebra"


def routes_of(app):
    """Method, pattern and dependencies of everything that answers."""
    for context in iter_route_contexts(app.routes):
        for method in sorted((context.methods or {"GET"}) - {"HEAD"}):
            yield method, context.path, getattr(context, "dependant", None)


@pytest.fixture
def without_rates(app):
    rates = app.state.services.rates
    rates.known = rates.unknown = Rate(per_second=1e6, burst=1e6)


def admissions_of(dependant):
    if dependant is None:
        return
    for one in dependant.dependencies:
        if isinstance(one.call, Admission | OpenAdmission):
            yield one.call
        yield from admissions_of(one)


def test_every_route_has_a_scope_or_is_named_public(app):
    bare = {
        path
        for _method, path, dependant in routes_of(app)
        if not any(admissions_of(dependant)) and path not in PUBLIC
    }
    assert bare == set()


def test_no_route_is_public_and_admitted(app):
    admitted = {
        path for _method, path, dependant in routes_of(app) if any(admissions_of(dependant))
    }
    assert admitted & PUBLIC == set()


def test_the_routes_that_are_looked_at_are_those_there_are(app):
    paths = {path for _method, path, _dependant in routes_of(app)}
    assert {"/health", "/metrics", "/api/jobs/{job_id}", "/v1/images/generations"} <= paths
    assert len(paths) >= 40


def test_every_admitted_route_refuses_a_stranger(app, stranger, without_rates):
    answered = {}
    for method, path, dependant in routes_of(app):
        if any(admissions_of(dependant)):
            status = stranger.request(method, filled(path, {}), json={}).status_code
            if status not in (401, 403):
                answered[f"{method} {path}"] = status
    assert answered == {}


@pytest.fixture
def danas(drawn, hold, client):
    """A job of dana's with two images, the first of them held."""
    job = drawn("dana", prompt=SECRET, num_images=2)
    held, released = (one["image_id"] for one in job["images"])
    return {"job_id": job["job_id"], "held": held, "image_id": released, "card_id": hold(held)}


def filled(path, ids):
    """A path with ids in its places; what has none gets a word."""
    for name in ("job_id", "image_id", "card_id"):
        path = path.replace("{" + name + "}", ids.get(name, "x"))
    first, *rest = path.split("{")
    return first + "".join("1" + one.partition("}")[2] for one in rest)


BODIES = {
    "/api/images/{image_id}/complaint": {"reason": "other"},
    "/api/jobs": {"prompt": "a fox"},
}


def seen_by(asking, app, ids):
    """What each route tells this person of what is secret, by method and pattern."""
    secrets = {SECRET, *(ids[one] for one in ("job_id", "held", "image_id"))}
    seen = {}
    for method, path, _dependant in routes_of(app):
        address = filled(path, ids)
        answer = asking.request(method, address, json=BODIES.get(path, {}), follow_redirects=False)
        named = {one for one in secrets if one in address}  # the caller said these itself
        told = {one for one in secrets - named if one in answer.text}
        takes_id = any(one in path for one in ("{job_id}", "{image_id}", "{card_id}"))
        if told or (takes_id and answer.status_code < 300):
            seen[f"{method} {path}"] = (answer.status_code, told)
    return seen


@pytest.mark.parametrize("image", ["image_id", "held"])
def test_no_route_shows_a_requester_anything_of_anothers(app, client, danas, image, without_rates):
    ids = {**danas, "image_id": danas[image]}
    assert seen_by(client("eve", "generate"), app, ids) == {}


def test_the_same_routes_show_it_to_whose_it_is(app, client, danas, without_rates):
    seen = seen_by(client("dana", "generate"), app, danas)
    expected = {"GET /api/jobs", "GET /api/images", "GET /api/images/{image_id}/file"}
    assert expected | {"GET /api/jobs/{job_id}/events", "POST /api/jobs/{job_id}/cancel"} <= set(
        seen
    )


def test_what_is_anothers_answers_as_what_is_not_there(client, danas):
    eve = client("eve", "generate")
    absent = "sha256:" + "0" * 64
    there = eve.get(f"/api/images/{danas['image_id']}").json()
    nowhere = eve.get(f"/api/images/{absent}").json()
    assert there["detail"].replace(danas["image_id"], absent) == nowhere["detail"]
    there, nowhere = eve.get(f"/api/jobs/{danas['job_id']}").json(), eve.get("/api/jobs/no").json()
    assert there["detail"].replace(danas["job_id"], "no") == nowhere["detail"]


def test_an_operator_sees_the_jobs_and_images_of_others(client, danas):
    operator = client("olga", "operator")
    assert operator.get(f"/api/jobs/{danas['job_id']}").status_code == 200
    assert operator.get(f"/api/images/{danas['image_id']}").status_code == 200


def test_another_token_of_the_same_name_sees_the_same(client, danas):
    assert client("dana", "generate").get(f"/api/jobs/{danas['job_id']}").status_code == 200


def test_a_reviewer_sees_the_image_of_a_card_and_not_the_gallery_of_others(client, danas):
    rita = client("rita", "reviewer")
    assert rita.get(f"/api/reviews/{danas['card_id']}/picture").status_code == 200
    assert rita.get(f"/api/images/{danas['held']}").status_code == 403


def test_somebody_elses_job_id_is_neither_given_nor_told(client, danas):
    eve = client("eve", "generate")
    answer = eve.post(
        "/api/jobs", json={"prompt": SECRET, "seed": 1, "num_images": 2, "job_id": danas["job_id"]}
    )
    assert answer.status_code == 409
    assert danas["image_id"] not in answer.text


def test_another_s_image_cannot_be_drawn_from(client, danas):
    answer = client("eve", "generate").post(
        "/api/jobs", json={"prompt": "a fox", "source": {"image_id": danas["image_id"]}}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "image_unknown")


def test_a_held_image_cannot_be_drawn_from(client, danas):
    answer = client("dana", "generate").post(
        "/api/jobs", json={"prompt": "a fox", "source": {"image_id": danas["held"]}}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "held_for_review")


def test_a_scope_that_is_none_is_refused_by_name():
    with pytest.raises(BadInput, match="'paint'"):
        scopes_of(["paint"])


def test_a_token_needs_a_scope():
    with pytest.raises(BadInput):
        scopes_of([])


def test_a_role_stands_for_its_scopes():
    assert scopes_of(["operator"]) == {Scope.GENERATE, Scope.OPERATE}


def test_admin_has_every_scope():
    assert ROLES["admin"] == set(Scope)


def test_only_operators_and_admins_see_everything():
    def sees(role):
        return Principal(name="a", scopes=ROLES[role], token_id="1").sees_everything

    assert {role for role in ROLES if sees(role)} == {"operator", "admin"}


def test_a_header_goes_before_the_cookie():
    headers = {"authorization": "Bearer a", "host": "localhost:1"}
    assert shown_token(headers, {"limner-1": "b"}, "/api/jobs") == ("a", False)


def test_basic_is_taken_under_sdapi_only():
    headers = {"authorization": "Basic eDp0b2tlbg==", "host": "localhost"}
    assert shown_token(headers, {}, "/sdapi/v1/txt2img") == ("token", False)
    assert shown_token(headers, {}, "/api/jobs") is None


def test_the_cookie_of_a_server_on_another_port_is_not_ours():
    assert shown_token({"host": "localhost:1"}, {"limner-2": "b"}, "/") is None
