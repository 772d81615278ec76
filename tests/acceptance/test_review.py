"""`limner review` and `limner edge-cases` on pictures that were drawn and held."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from limner.store import schema
from limner.store.repository import Store
from limner.store.reviews import open_card

PAINTED = Path(__file__).parents[1] / "painted_limner.py"
NOW = datetime(2026, 1, 1, tzinfo=UTC)  # where the painted studio's clock stands
REASONS = ["Is nobody naked? The check is unsure."]


@pytest.fixture
def hold(home, limner):
    """Draw a picture and open a card about it: ``hold(needs_second=True)`` gives the card's id."""
    assert limner("generate", "a fox", "--seed", "1", "--quiet").exit_code == 0

    def hold(*, opened_at=NOW, kind="held", **changes):
        document = {
            "question": "Is it fine?",
            "requester": "dana",
            "impact": None,
            "needs_second": False,
            "due_at": None,
            "reasons": REASONS,
            **changes,
        }
        store = Store.open(home)
        with store.reviews.writing(opened_at) as connection:
            image_id = connection.scalar(sa.select(schema.images.c.image_id))
            card_id = open_card(
                connection,
                image_id=image_id,
                kind=kind,
                opened_at=opened_at,
                document=document,
            )
        store.close()
        return card_id

    return hold


@pytest.fixture
def ask(home):
    """One value of the database: ``ask("SELECT count(*) FROM decisions")``."""

    def ask(query):
        store = Store.open(home)
        with store.reviews.reading() as connection:
            value = connection.scalar(sa.text(query))
        store.close()
        return value

    return ask


@pytest.fixture
def answer(limner):
    """Claim a card and answer it, as one person."""

    def answer(card_id, name, *said):
        claimed = limner("review", "claim", card_id, "--as", name)
        assert claimed.exit_code == 0, claimed.stderr
        return limner("review", "answer", card_id, *said, "--as", name)

    return answer


LAST = "SELECT {} FROM decisions ORDER BY decision_id DESC LIMIT 1"
EVENTS = "SELECT group_concat(event) FROM review_events"


def test_an_accept_releases_and_seals(hold, answer, ask):
    ran = answer(hold(), "ann", "accept")
    assert (ran.exit_code, ran.stdout.splitlines()[-1].split(":")[-1]) == (0, " released.")
    assert ask(LAST.format("outcome || ' by ' || decided_by")) == "released by person"
    assert ask("SELECT max(decision_id) FROM seals") == ask(
        "SELECT max(decision_id) FROM decisions"
    )


def test_a_reject_refuses(hold, answer, ask):
    answer(hold(), "ann", "reject", "--reason", "malformed")
    assert ask(LAST.format("outcome || ' by ' || decided_by")) == "refused by person"


def test_two_people_are_needed_where_the_card_says_so(hold, answer, ask):
    card_id = hold(needs_second=True)
    answer(card_id, "ann", "accept")
    assert ask(LAST.format("decided_by")) == "rule"
    answer(card_id, "ben", "accept")
    assert ask(LAST.format("decided_by")) == "person"


def test_doubt_escalates_and_releases_nothing(hold, answer, ask):
    answer(hold(), "ann", "unsure", "--reason", "cannot-see")
    assert ask(EVENTS).endswith("escalated")
    assert ask(LAST.format("decided_by")) == "rule"


def test_a_passed_deadline_escalates_and_releases_nothing(hold, limner, ask):
    hold(due_at=(NOW - timedelta(hours=1)).isoformat(), opened_at=NOW - timedelta(hours=2))
    assert "level 2" in limner("review", "list", "--as", "ann").stdout
    assert ask(EVENTS) == "escalated"
    assert ask(LAST.format("decided_by")) == "rule"


def test_a_deadline_does_not_release_an_accept_that_was_never_confirmed(hold, limner, answer, ask):
    card_id = hold(due_at=NOW.isoformat(), opened_at=NOW - timedelta(hours=2))
    answer(card_id, "ann", "accept", "--open")
    limner("review", "list", "--as", "ben")
    assert ask(EVENTS) == "claimed,answered,escalated"
    assert ask(LAST.format("decided_by")) == "rule"


def test_the_scores_are_hidden_until_the_first_answer(hold, limner):
    card_id = hold()
    before = json.loads(limner("review", "claim", card_id, "--as", "ann", "--json").stdout)
    assert not before["is_revealed"]
    assert "results" not in before
    assert "reasons" not in before
    said = limner("review", "answer", card_id, "accept", "--open", "--as", "ann", "--json")
    after = json.loads(said.stdout)
    assert after["reasons"] == REASONS
    assert after["results"]


def test_somebody_elses_answer_reveals_nothing(hold, limner, answer):
    card_id = hold(needs_second=True)
    answer(card_id, "ann", "accept")
    shown = json.loads(limner("review", "show", card_id, "--as", "ben", "--json").stdout)
    assert not shown["is_revealed"]


def test_a_change_of_mind_is_kept_beside_the_first_answer(hold, limner, answer, ask):
    card_id = hold()
    answer(card_id, "ann", "reject", "--reason", "unsafe", "--open")
    limner("review", "answer", card_id, "accept", "--as", "ann")
    assert ask(EVENTS) == "claimed,answered,changed_mind,closed"
    assert ask(LAST.format("outcome")) == "released"


def test_a_honeypot_looks_like_a_held_image_until_answered(hold, limner, answer):
    card_id = hold(kind="honeypot", truth="reject")
    claimed = limner("review", "claim", card_id, "--as", "ann", "--json")
    shown = json.loads(claimed.stdout)
    assert shown["kind"] == "held"
    assert "truth" not in shown
    assert "the right answer is 'reject'" in answer(card_id, "ann", "accept").stdout


def test_a_honeypot_decides_about_no_image(hold, answer, ask):
    answer(hold(kind="honeypot", truth="reject"), "ann", "accept")
    assert ask(LAST.format("decided_by")) == "rule"


def test_next_gives_the_most_costly_card(hold, limner):
    hold(probability_bad=0.1, cost=1.0)
    costly = hold(probability_bad=0.1, cost=50.0)
    shown = json.loads(limner("review", "next", "--as", "ann", "--json").stdout)
    assert shown["card_id"] == costly
    assert Path(shown["picture"]).is_file()


def test_next_goes_past_a_card_that_somebody_holds(hold, limner):
    hold(), hold()
    first = json.loads(limner("review", "next", "--as", "ann", "--json").stdout)
    second = json.loads(limner("review", "next", "--as", "ben", "--json").stdout)
    assert first["card_id"] != second["card_id"]


def test_who_asked_for_the_image_is_told_that_it_waits_for_somebody_else(hold, limner):
    hold()
    told = limner("review", "next", "--as", "dana").stderr
    assert "No card waits for you; 1 waits for somebody else: about your own images" in told


def test_the_view_file_is_gone_when_the_card_is_answered(hold, home, answer):
    answer(hold(), "ann", "accept")
    assert list((home / "views").iterdir()) == []


def test_somebody_who_works_alone_may_answer_where_the_card_allows_it(hold, answer):
    ran = answer(hold(may_requester_answer=True), "dana", "accept")
    assert ran.exit_code == 0


def refused(ran, sentence):
    assert ran.exit_code == 2
    assert f"limner: {sentence}" in ran.stderr


def test_two_reviewers_on_one_card(hold, limner):
    card_id = hold()
    limner("review", "claim", card_id, "--as", "ann")
    refused(
        limner("review", "claim", card_id, "--as", "ben"),
        f"The card '{card_id}' is held by 'ann' until 2026-01-01 00:15:00 UTC.",
    )


def test_an_unknown_card(hold, limner):
    refused(
        limner("review", "claim", "nothing", "--as", "ann"), "There is no review card 'nothing'."
    )


def test_an_unknown_reason_code(hold, answer):
    refused(answer(hold(), "ann", "reject", "--reason", "ugly"), "Unknown reason 'ugly'; allowed")


def test_a_reject_without_a_reason(hold, answer):
    refused(answer(hold(), "ann", "reject"), "The answer 'reject' needs a reason; allowed are")


def test_an_unknown_answer(hold, answer):
    refused(answer(hold(), "ann", "maybe"), "Unknown answer 'maybe'; allowed are reject, unsure,")


def test_a_requester_reviewing_their_own_image(hold, limner):
    card_id = hold()
    refused(
        limner("review", "claim", card_id, "--as", "dana"),
        f"The card '{card_id}' is about an image you asked for yourself",
    )


def test_a_lease_that_is_over(hold, limner, home):
    card_id = hold()
    store = Store.open(home)
    earlier = NOW - timedelta(hours=1)
    from limner.core.reviewing import EventKind
    from limner.store.reviews import append_event, commitment_of, find_card

    with store.reviews.writing(earlier) as connection:
        append_event(
            connection,
            find_card(connection, card_id),
            EventKind.CLAIMED,
            happened_at=earlier,
            reviewer=commitment_of(connection, "ann"),
            document={"until": (earlier + timedelta(minutes=15)).isoformat()},
        )
    store.close()
    refused(
        limner("review", "answer", card_id, "accept", "--as", "ann"),
        f"Your lease on the card '{card_id}' ended at 2025-12-31 23:15:00 UTC.",
    )


def test_an_answer_without_a_claim(hold, limner):
    card_id = hold()
    refused(
        limner("review", "answer", card_id, "accept", "--as", "ann"),
        f"The card '{card_id}' is not claimed by you.",
    )


def test_an_answer_to_a_closed_card(hold, limner, answer):
    card_id = hold()
    answer(card_id, "ann", "accept")
    refused(
        limner("review", "answer", card_id, "reject", "--reason", "text", "--as", "ben"),
        f"The card '{card_id}' is closed: released.",
    )


def test_the_same_person_as_second_reviewer(hold, answer):
    card_id = hold(needs_second=True)
    answer(card_id, "ann", "accept")
    refused(answer(card_id, "ann", "accept"), f"You have answered the card '{card_id}' so already;")


def test_an_empty_name(hold, limner):
    refused(limner("review", "list", "--as", " "), "The reviewer's name is empty.")


def test_a_complaint_about_an_image_that_is_not_here(hold, limner):
    refused(
        limner("review", "complain", "sha256:0", "--reason", "text"),
        "'sha256:0' is neither an image_id nor a picture file stored here.",
    )


def test_a_complaint_about_a_saved_file_opens_a_card(hold, limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png", "--quiet")
    ran = limner("review", "complain", "fox.png", "--reason", "rights")
    assert ran.exit_code == 0, ran.stderr
    assert "complaint, open" in limner("review", "list", "--as", "ann").stdout


def test_statistics_say_what_they_rest_on(hold, limner, answer):
    for truth, said in (("reject", ["reject", "--reason", "text"]), ("accept", ["accept"])):
        answer(hold(kind="honeypot", truth=truth), "ann", *said)
    shared = hold(needs_second=True)
    answer(shared, "ann", "accept")
    answer(shared, "ben", "accept")
    found = json.loads(limner("review", "stats", "--json").stdout)
    ann = next(one for one in found["reviewers"] if one["name"] == "ann")
    assert ann["detection"]["hit_rate"]["value"] == 1.0
    assert ann["detection"]["false_alarm_rate"]["value"] == 0.0
    assert (found["agreement"]["value"], found["agreement"]["num"]) == (1.0, 1)


def test_statistics_of_nothing_are_said_not_to_be_defined(limner):
    ran = limner("review", "stats")
    assert ran.exit_code == 0
    assert "not defined yet" in ran.stdout


def test_edge_cases_name_the_reason(hold, limner, answer):
    answer(hold(), "ann", "unsure", "--reason", "text")
    lines = limner("edge-cases", "--json").stdout.splitlines()
    reasons = {json.loads(one)["reason"] for one in lines}
    assert {"unsure", "escalated"} <= reasons


def test_edge_cases_are_found_by_words_of_prompt_and_reason(hold, limner, answer):
    answer(hold(), "ann", "unsure", "--reason", "text")

    def found(words):
        lines = limner("edge-cases", "--words", words, "--json").stdout.splitlines()
        return {json.loads(one)["reason"] for one in lines}

    assert {"unsure", "escalated"} <= found("FOX")
    assert found("fox escal") == {"escalated"}
    assert found("fox could") == {"unsure"}
    assert found("bear") == found("fo_") == set()


def test_edge_cases_are_exported_as_a_dataset(hold, limner, answer, tmp_path):
    answer(hold(), "ann", "unsure", "--reason", "text")
    folder = tmp_path / "cases"
    assert limner("edge-cases", "--export", str(folder)).exit_code == 0
    line = json.loads((folder / "cases.jsonl").read_text().splitlines()[0])
    assert (folder / line["image"]).is_file()
    assert line["prompt"] == "a fox"


def test_an_export_over_a_folder(hold, limner, tmp_path):
    refused(limner("edge-cases", "--export", str(tmp_path)), f"{str(tmp_path)!r} is there already")


def test_an_edge_case_reason_that_does_not_exist(hold, limner):
    refused(limner("edge-cases", "--reason", "odd"), "Unknown reason 'odd'; allowed are unsure,")


def test_a_time_that_is_none(hold, limner):
    refused(limner("edge-cases", "--since", "lately"), "--since is 'lately'; allowed is a day")


def test_reviewing_in_a_process_of_its_own(hold, home):
    card_id = hold()

    def run(*arguments):
        return subprocess.run(
            [sys.executable, str(PAINTED), "review", *arguments],
            env=os.environ | {"LIMNER_HOME": str(home), "LIMNER_REVIEWER": "ann"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    taken = run("next")
    assert "Question: Is it fine?" in taken.stdout, taken.stderr
    assert run("answer", card_id, "accept").stdout.endswith("is closed: released.\n")


def test_two_processes_at_once_give_a_card_to_one_of_them(hold, home):
    card_id = hold()
    running = [
        subprocess.Popen(
            [sys.executable, str(PAINTED), "review", "claim", card_id, "--as", name],
            env=os.environ | {"LIMNER_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in ("ann", "ben", "cat")
    ]
    assert sorted(one.wait(timeout=120) for one in running) == [0, 2, 2]
