import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from painted_limner import WHOLE, painted_studio
from PIL import Image as PillowImage

from limner.core.deciding import Outcome
from limner.core.errors import BadInput, ImageHeld, ImageRefused, RequestRefused, RightsInvalid
from limner.core.records import Request
from limner.core.reviewing import REASON_CODES
from limner.core.rights import RightsState
from limner.core.settings import read_settings
from limner.generators.embedded.adapter import (
    ADAPTER_CARD_FILE,
    ADAPTER_FORMAT,
    Adapter,
    AdapterFacts,
)
from limner.store.ledger.entries import Kind
from limner.store.review_history import rule_decisions
from limner.studio import planning, review, rights
from limner.studio.adapters import ADAPTERS_FOLDER
from limner.studio.redraw import show
from limner.studio.rights_file import values_of
from limner.studio.rights_pictures import known_picture
from limner.studio.stored_image import open_image, open_in_format
from limner.studio.verify import verify
from limner.testing import PAINTED_CARD, PaintedGenerator

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONSENT = {"kind": "consent", "purpose": "posters", "expires": "2026-06-30"}
OPT_OUT = {"kind": "opt-out", "opted_out": "name"}
RIGHTS = {
    "id": "rights", "question": "Is it free?", "about": "request", "check": "rights",
    "version": "1", "fail": "refuse", "unsure": "hold", "error": "hold",
}  # fmt: skip


def add(studio, renews=None, **values):
    return rights.add(studio.parts, values_of(**values).to_entry(), renews=renews)


def last_outcome(studio, image):
    return studio.parts.store.last_decision(image.image_id).decision.outcome


def set_clock(studio, now):
    studio.parts.read_clock = lambda: now


NEAR_COPY = {
    "id": "copy", "question": "Is it new?", "about": "image", "check": "near-copy-registered",
    "version": "3", "fail": "hold", "unsure": "hold", "error": "hold",
}  # fmt: skip


@pytest.fixture
def checked(home: Path):
    """A studio whose criteria ask the rights register about every request and image."""
    home.mkdir()
    document = yaml.safe_load(WHOLE.read_text())
    document["criteria"] += [RIGHTS, NEAR_COPY]
    (home / "criteria.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    settings = read_settings(default_home=home, environment={})
    with painted_studio(settings, PaintedGenerator()) as opened:
        yield opened


def test_a_request_that_names_an_opted_out_name_is_refused_before_drawing(checked):
    add(checked, **OPT_OUT, name="Jane Doe")
    with pytest.raises(RequestRefused, match="rights register does not allow"):
        checked.generate("a portrait of JANE-DOE")
    assert checked.parts.store.count_images() == 0


def test_a_request_that_names_nobody_is_drawn(checked):
    add(checked, **OPT_OUT, name="Jane Doe")
    (image,) = checked.generate("a fox and a jane", seed=1)
    assert image.outcome is Outcome.RELEASED


def test_an_opted_out_style_is_refused_when_it_is_asked_by_option(checked):
    add(checked, kind="opt-out", opted_out="style", name="striped")
    with pytest.raises(RequestRefused):
        checked.generate("a fox", style="striped")


def test_a_person_with_a_consent_in_force_is_drawn(checked):
    add(checked, **CONSENT, name="Jane Doe")
    (image,) = checked.generate("jane doe", seed=1)
    assert image.outcome is Outcome.RELEASED


def test_an_expired_consent_is_no_consent(checked):
    add(checked, **CONSENT, name="Jane Doe")
    set_clock(checked, datetime(2026, 7, 1, tzinfo=UTC))
    with pytest.raises(RequestRefused, match="expired"):
        checked.generate("jane doe")


def test_a_consent_lasts_to_the_end_of_its_last_day(checked):
    add(checked, **CONSENT, name="Jane Doe")
    set_clock(checked, datetime(2026, 6, 30, 23, 59, tzinfo=UTC))
    assert checked.generate("jane doe", seed=1)


def test_an_expired_consent_stays_expired_when_the_clock_jumps_back(checked):
    stored = add(checked, **CONSENT, name="Jane Doe").stored
    set_clock(checked, datetime(2026, 7, 1, tzinfo=UTC))
    with pytest.raises(RequestRefused):
        checked.generate("jane doe")
    set_clock(checked, NOW)
    with pytest.raises(RequestRefused):
        checked.generate("jane doe")
    assert rights.show(checked.parts, stored.entry_id).state is RightsState.EXPIRED


def test_a_withdrawal_holds_when_the_clock_jumps_back(checked):
    stored = add(checked, **CONSENT, name="Jane Doe").stored
    rights.withdraw(checked.parts, stored.entry_id)
    set_clock(checked, NOW - timedelta(days=400))
    with pytest.raises(RequestRefused):
        checked.generate("jane doe")


def expired(studio):
    """A consent that has expired, and an image that was drawn and released while it held."""
    stored = add(studio, **CONSENT, name="Jane Doe").stored
    (image,) = studio.generate("jane doe", seed=1)
    assert image.outcome is Outcome.RELEASED
    set_clock(studio, datetime(2026, 7, 1, tzinfo=UTC))
    return stored.entry_id, image


def test_images_of_an_expired_consent_are_blocked(checked):
    entry_id, image = expired(checked)
    assert rights.enforce_expired(checked.parts) == 1
    assert last_outcome(checked, image) is Outcome.REFUSED
    assert checked.parts.store.rights.block_in_force(image.image_id).entry_id == entry_id


def test_what_expired_is_enforced_once_and_the_ledger_says_so(checked):
    expired(checked)
    assert [rights.enforce_expired(checked.parts) for _ in range(2)] == [1, 0]
    entries = checked.parts.store.ledger.entries_of(Kind.RIGHTS_CHANGE, subject="rights:1")
    events = [one.document["event"] for one in entries]
    assert events == ["registered", "expired", "enforced"]


def test_what_expired_is_enforced_though_the_clock_jumped_back(checked):
    _entry, image = expired(checked)
    checked.parts.store.rights.blocker_of_request(now=checked.parts.read_clock())  # notes it
    set_clock(checked, NOW)
    assert rights.enforce_expired(checked.parts) == 1
    assert last_outcome(checked, image) is Outcome.REFUSED


def test_images_of_a_consent_that_was_renewed_in_time_stay(checked):
    stored = add(checked, **CONSENT, name="Jane Doe").stored
    (image,) = checked.generate("jane doe", seed=1)
    later = CONSENT | {"expires": "2027-06-30"}
    add(checked, **later, name="Jane Doe", renews=stored.entry_id)
    set_clock(checked, datetime(2026, 7, 1, tzinfo=UTC))
    assert rights.enforce_expired(checked.parts) == 0
    assert last_outcome(checked, image) is Outcome.RELEASED


def test_the_next_request_blocks_what_expired_where_no_worker_runs(checked):
    _entry, image = expired(checked)
    checked.generate("a fox", seed=2)
    assert last_outcome(checked, image) is Outcome.REFUSED


def test_criteria_that_do_not_ask_still_let_nothing_out_that_is_opted_out(studio):
    add(studio, **OPT_OUT, name="Jane Doe")
    (image,) = studio.generate("jane doe", seed=1)
    assert image.outcome is Outcome.REFUSED
    with pytest.raises(ImageRefused, match="Opted out by entry 1"):
        assert image.content


def test_an_opt_out_blocks_stored_images_that_name_it(studio):
    (named,) = studio.generate("jane doe", seed=1)
    (other,) = studio.generate("a fox", seed=1)
    enforced = add(studio, **OPT_OUT, name="Jane Doe")
    assert enforced.blocked == (named.image_id,)
    assert (last_outcome(studio, named), last_outcome(studio, other)) == (
        Outcome.REFUSED, Outcome.RELEASED,
    )  # fmt: skip


def test_a_withdrawn_consent_blocks_images_that_name_the_person(studio):
    stored = add(studio, **CONSENT, name="Jane Doe").stored
    (image,) = studio.generate("jane doe", seed=1)
    enforced = rights.withdraw(studio.parts, stored.entry_id)
    assert [one.image_id for one in enforced.affected] == [image.image_id]
    assert last_outcome(studio, image) is Outcome.REFUSED


def test_a_withdrawn_picture_blocks_what_was_drawn_from_it_and_from_that(studio, photo, tmp_path):
    keys = known_picture(studio.parts, str(photo)).keys
    stored = add(studio, **CONSENT, name="Jane Doe", keys=keys).stored
    (first,) = studio.variations(photo, "a fox", n=1, seed=1)
    path = first.save(tmp_path / "first.png")
    (second,) = studio.variations(path, "a bear", n=1, seed=2)
    enforced = rights.withdraw(studio.parts, stored.entry_id)
    assert {one.image_id: one.because.how for one in enforced.affected} == {
        first.image_id: "key",
        second.image_id: "source",
    }


def test_a_request_that_starts_from_a_withdrawn_picture_is_refused(studio, photo):
    keys = known_picture(studio.parts, str(photo)).keys
    stored = add(studio, **CONSENT, name="Jane Doe", keys=keys).stored
    rights.withdraw(studio.parts, stored.entry_id)
    with pytest.raises(RequestRefused, match="Entry 1 of the rights register, a consent, was with"):
        studio.variations(photo, "a fox", n=1)


def test_a_request_that_starts_from_a_blocked_image_is_refused(studio, tmp_path):
    (image,) = studio.generate("jane doe", seed=1)
    path = image.save(tmp_path / "jane.png")
    add(studio, **OPT_OUT, name="Jane Doe")
    with pytest.raises(RequestRefused):
        studio.variations(path, "a fox", n=1)


def exported(studio, image, folder):
    """The image as JPEG, which has other pixels than it has."""
    path = folder / "export.jpg"
    path.write_bytes(open_in_format(studio.parts, image.image_id, "jpeg"))
    return path


def test_what_was_drawn_from_an_export_of_a_blocked_image_is_blocked(studio, tmp_path):
    (image,) = studio.generate("jane doe", seed=1)
    (drawn,) = studio.variations(exported(studio, image, tmp_path), "a fox", n=1, seed=2)
    consent = add(studio, **CONSENT, name="Jane Doe").stored
    rights.withdraw(studio.parts, consent.entry_id)
    assert last_outcome(studio, drawn) is Outcome.REFUSED


def test_a_request_that_starts_from_an_export_of_a_blocked_image_is_refused(studio, tmp_path):
    (image,) = studio.generate("jane doe", seed=1)
    path = exported(studio, image, tmp_path)
    add(studio, **OPT_OUT, name="Jane Doe")
    with pytest.raises(RequestRefused):
        studio.variations(path, "a fox", n=1, seed=2)


def test_a_rejection_by_a_person_does_not_lift_a_block(checked, tmp_path):
    (image,) = checked.generate("jane doe", seed=1)
    path = image.save(tmp_path / "jane.png")
    opt_out_of(checked, resaved(image, tmp_path / "like.jpg"))  # held, so that there is a card
    stored = add(checked, **OPT_OUT, name="Jane Doe").stored
    card = review.next_card(checked.parts, "ann").card
    review.answer_card(
        checked.parts, card.card_id, "ann", "reject", reasons=[next(iter(REASON_CODES))]
    )
    assert checked.parts.store.rights.block_in_force(image.image_id).entry_id == stored.entry_id
    assert verify(checked.parts, path).barred[0].startswith("This image is blocked since")
    with pytest.raises(RequestRefused):
        checked.variations(path, "a fox", n=1, seed=2)


def test_a_withdrawn_source_of_a_model_blocks_everything_the_model_drew(studio):
    source = {"kind": "source", "title": "icons", "licence": "MIT", "model": "painted"}
    stored = add(studio, **source).stored
    images = studio.generate("a fox", n=3, seed=1)
    enforced = rights.withdraw(studio.parts, stored.entry_id, reason="licence_ended")
    assert set(enforced.blocked) == {image.image_id for image in images}
    with pytest.raises(RequestRefused):
        studio.generate("a bear")


def test_one_of_many_sources_blocks_though_the_others_are_in_force(studio):
    source = {"kind": "source", "licence": "MIT", "model": "painted"}
    first = add(studio, **source, title="one").stored
    add(studio, **source, title="two")
    rights.withdraw(studio.parts, first.entry_id)
    with pytest.raises(RequestRefused):
        studio.generate("a bear")


TAUGHT_ON = "sha256:" + "ab" * 32


@pytest.fixture
def taught(settings, monkeypatch):
    """A studio whose model has an adapter that was taught on a picture, active."""
    folder = settings.home / ADAPTERS_FOLDER / "house"
    folder.mkdir(parents=True)
    facts = AdapterFacts(
        name="house", version="1", licence="MIT", base={}, files={}, sources=[TAUGHT_ON]
    )
    document = {"format": ADAPTER_FORMAT, **asdict(facts)}
    (folder / ADAPTER_CARD_FILE).write_text(json.dumps(document))
    card = replace(PAINTED_CARD, adapters={"house": Adapter(folder).card})
    monkeypatch.setattr(planning, "require_active", lambda *_: None)
    with painted_studio(settings, PaintedGenerator(card=card)) as opened:
        yield opened


def test_an_opt_out_blocks_what_an_adapter_taught_on_the_picture_drew(taught):
    (image,) = taught.generate("a fox", seed=1, adapters=["house"])
    (plain,) = taught.generate("a fox", seed=1)
    enforced = add(taught, kind="opt-out", opted_out="picture", keys=(TAUGHT_ON,))
    assert enforced.blocked == (image.image_id,)
    assert last_outcome(taught, plain) is Outcome.RELEASED


def test_an_imported_opt_out_blocks_what_an_adapter_taught_on_the_picture_drew(taught, tmp_path):
    taught.generate("a fox", seed=1, adapters=["house"])
    path = tmp_path / "opted_out.jsonl"
    line = {"kind": "opt-out", "opted_out": "picture", "keys": [TAUGHT_ON]}
    path.write_text(json.dumps(line) + "\n")
    assert rights.import_file(taught.parts, path).num_blocked == 1


def test_an_adapter_is_reached_by_whatever_draws_when_its_consent_is_found_expired(taught):
    add(taught, **CONSENT, name="Jane Doe", keys=(TAUGHT_ON,))
    (image,) = taught.generate("a fox", seed=1, adapters=["house"])
    set_clock(taught, datetime(2026, 7, 1, tzinfo=UTC))
    other = taught.parts.with_generator(PaintedGenerator)
    rights.require_rights(other, Request(prompt="a fox"))
    assert last_outcome(taught, image) is Outcome.REFUSED


def test_a_consent_that_expires_blocks_what_an_adapter_taught_on_the_picture_drew(taught):
    stored = add(taught, **CONSENT, name="Jane Doe", keys=(TAUGHT_ON,)).stored
    (image,) = taught.generate("a fox", seed=1, adapters=["house"])
    set_clock(taught, datetime(2026, 7, 1, tzinfo=UTC))
    assert rights.enforce_expired(taught.parts) == 1
    assert last_outcome(taught, image) is Outcome.REFUSED
    subject = f"rights:{stored.entry_id}"
    entries = taught.parts.store.ledger.entries_of(Kind.RIGHTS_CHANGE, subject=subject)
    events = [one.document["event"] for one in entries]
    assert events == ["registered", "expired", "covered", "enforced"]


def test_an_image_named_by_the_operator_is_blocked_too(studio):
    (image,) = studio.generate("a fox", seed=1)
    stored = add(studio, **CONSENT, name="Jane Doe").stored
    enforced = rights.withdraw(studio.parts, stored.entry_id, images=[image.image_id])
    assert enforced.blocked == (image.image_id,)


def test_drawing_a_blocked_image_again_does_not_let_it_out(studio):
    (image,) = studio.generate("jane doe", seed=1)
    add(studio, **OPT_OUT, name="Jane Doe")
    (again,) = studio.generate("jane doe", seed=1)
    assert (again.image_id, again.outcome) == (image.image_id, Outcome.REFUSED)


def test_blocking_overwrites_no_decision(studio):
    (image,) = studio.generate("jane doe", seed=1)
    add(studio, **OPT_OUT, name="Jane Doe")
    entries = studio.parts.store.ledger.entries_of(Kind.DECISION, subject=image.image_id)
    assert [one.document["outcome"] for one in entries] == ["released", "refused"]


def test_a_renewed_consent_lets_the_person_be_drawn_again(checked):
    stored = add(checked, **CONSENT, name="Jane Doe").stored
    rights.withdraw(checked.parts, stored.entry_id)
    add(checked, renews=stored.entry_id, **CONSENT, name="jane doe")
    (image,) = checked.generate("jane doe", seed=1)
    assert image.outcome is Outcome.RELEASED


def test_a_renewal_that_is_withdrawn_covers_all_the_first_did(studio, photo):
    keys = known_picture(studio.parts, str(photo)).keys
    first = add(studio, **CONSENT, name="Jane Doe", keys=keys).stored
    second = add(studio, renews=first.entry_id, **CONSENT, name="Jane Doe").stored
    (image,) = studio.variations(photo, "a fox", n=1, seed=1)
    assert rights.withdraw(studio.parts, second.entry_id).blocked == (image.image_id,)


def test_a_renewed_entry_is_withdrawn_by_its_successor_only(studio):
    first = add(studio, **CONSENT, name="Jane Doe").stored
    add(studio, renews=first.entry_id, **CONSENT, name="Jane Doe")
    with pytest.raises(BadInput, match="was renewed by another"):
        rights.withdraw(studio.parts, first.entry_id)


def test_withdrawing_twice_is_refused(studio):
    stored = add(studio, **CONSENT, name="Jane Doe").stored
    rights.withdraw(studio.parts, stored.entry_id)
    with pytest.raises(BadInput, match="Entry 1 was withdrawn before, at 2026-01-01 00:00:00 UTC"):
        rights.withdraw(studio.parts, stored.entry_id)


def test_withdrawing_again_goes_on_where_a_killed_process_stopped(studio):
    stored = add(studio, **CONSENT, name="Jane Doe").stored
    images = studio.generate("jane doe", n=3, seed=1)
    studio.parts.store.rights.withdraw(stored.entry_id, reason="other", now=NOW)
    ended = rights.show(studio.parts, stored.entry_id)
    studio.parts.store.rights.block([images[0].image_id], ended.as_match, NOW)
    enforced = rights.withdraw(studio.parts, stored.entry_id)
    assert set(enforced.blocked) == {image.image_id for image in images[1:]}


def test_a_withdrawn_opt_out_allows_the_name_again(checked):
    stored = add(checked, **OPT_OUT, name="Jane Doe").stored
    rights.withdraw(checked.parts, stored.entry_id)
    assert checked.generate("jane doe", seed=1)


def test_an_image_stays_blocked_when_its_opt_out_is_withdrawn(studio):
    (image,) = studio.generate("jane doe", seed=1)
    stored = add(studio, **OPT_OUT, name="Jane Doe").stored
    rights.withdraw(studio.parts, stored.entry_id)
    assert last_outcome(studio, image) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kind": "permit"}, "kind: input should be"),
        (CONSENT | {"name": "Jane", "expires": "2025-12-31"}, "allowed is a time after now"),
        (CONSENT | {"name": "Jane", "expires": "soon"}, "The expiry is 'soon'"),
        (CONSENT | {"name": "Jane", "expires": "2026-02-30"}, "The expiry is '2026-02-30'"),
        (CONSENT | {"name": "Jane", "expires": "2026-06-30T12:00"}, "a time with its zone"),
        (CONSENT | {"name": "Jane", "expires": "9999-12-31"}, "The expiry is '9999-12-31'"),
        (OPT_OUT, "The opt-out has no name."),
    ],
)
def test_an_entry_that_is_not_allowed_is_refused_and_not_kept(studio, values, sentence):
    with pytest.raises(BadInput) as caught:
        add(studio, **values)
    assert sentence in caught.value.message
    assert rights.entries(studio.parts) == []


def test_an_unknown_entry_is_named(studio):
    with pytest.raises(BadInput, match="There is no entry 7 in the rights register"):
        rights.withdraw(studio.parts, 7)


def test_the_ledger_has_no_name(studio):
    add(studio, **OPT_OUT, name="Jane Doe", holder="Estate of Jane")
    texts = [one.text for one in studio.parts.store.ledger.entries_of(None)]
    assert not any("jane" in text.casefold() for text in texts)


def test_words_of_an_entry_in_force_cannot_be_erased(studio):
    stored = add(studio, **OPT_OUT, name="Jane Doe").stored
    with pytest.raises(BadInput, match="is in force"):
        rights.erase_words(studio.parts, stored.entry_id)


def test_erased_words_are_in_no_file_of_the_database(studio, home):
    stored = add(studio, **CONSENT, name="Janeway Dorothea").stored
    rights.withdraw(studio.parts, stored.entry_id)
    rights.erase_words(studio.parts, stored.entry_id)
    assert rights.show(studio.parts, stored.entry_id).entry.name is None
    files = [one.read_bytes() for one in home.glob("limner.sqlite3*")]
    assert not any(b"janeway" in one.lower() for one in files)


def test_the_ledger_verifies_after_words_were_erased(studio):
    stored = add(studio, **CONSENT, name="Jane Doe").stored
    rights.withdraw(studio.parts, stored.entry_id)
    rights.erase_words(studio.parts, stored.entry_id)
    assert studio.parts.store.ledger.verify().is_good


def test_show_and_verify_say_that_a_copy_is_blocked(studio, tmp_path):
    (image,) = studio.generate("jane doe", seed=1)
    path = image.save(tmp_path / "jane.png")
    add(studio, **OPT_OUT, name="Jane Doe")
    assert show(studio.parts, path).notices[0].startswith("This image is blocked since 2026-01-01")
    assert any("is blocked since" in one for one in verify(studio.parts, path).barred)


def test_show_says_that_a_picture_of_somebody_who_withdrew_must_not_be_used(studio, photo):
    keys = known_picture(studio.parts, str(photo)).keys
    stored = add(studio, **CONSENT, name="Jane Doe", keys=keys).stored
    rights.withdraw(studio.parts, stored.entry_id)
    assert "must not be used: Entry 1" in show(studio.parts, photo).notices[0]


def test_the_command_line_registers_lists_withdraws_and_tells(limner):
    limner("generate", "jane doe", "--seed", "1", "--out", "jane.png")
    added = limner(
        "rights", "add", "consent", "--name", "Jane Doe", "--purpose", "posters", "--expires",
        "2026-06-30", "--picture", "jane.png",
    )  # fmt: skip
    assert added.exit_code == 0, added.stderr
    listed = json.loads(limner("rights", "list", "--json").stdout)
    assert (listed["name"], listed["state"], listed["num_keys"]) == ("Jane Doe", "in-force", 3)
    withdrawn = json.loads(limner("rights", "withdraw", "1", "--json").stdout)
    assert (withdrawn["num_blocked"], withdrawn["affected"][0]["is_blocked"]) == (1, True)
    assert "is blocked since" in limner("show", "jane.png").stdout
    again = limner("rights", "withdraw", "1")
    assert (again.exit_code, "was withdrawn before" in again.stderr) == (2, True)


def test_an_unknown_kind_has_exit_code_2_and_the_kinds_there_are(limner):
    result = limner("rights", "add", "permit")
    assert result.exit_code == 2
    assert "allowed are source, licence, consent, opt-out" in result.stderr


def test_a_person_cannot_release_what_is_blocked(home):
    home.mkdir()
    document = yaml.safe_load(WHOLE.read_text()) | {
        "always_review": [{"reason": "Everything is looked at."}],
        "may_requester_review": True,
    }
    (home / "criteria.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    settings = read_settings(default_home=home, environment={})
    with painted_studio(settings, PaintedGenerator()) as studio:
        (image,) = studio.generate("jane doe", seed=1)
        add(studio, **OPT_OUT, name="Jane Doe")
        card = review.next_card(studio.parts, "ann")
        assert card is not None
        review.answer_card(studio.parts, card.card.card_id, "ann", "accept")
        assert last_outcome(studio, image) is Outcome.REFUSED


def test_an_entry_that_is_whole_but_double_is_refused_by_name():
    with pytest.raises(RightsInvalid, match="colour"):
        values_of(kind="source", colour="red")


def opt_out_of(studio, path):
    values = values_of(kind="opt-out", opted_out="mark")
    pictures = [known_picture(studio.parts, str(path))]
    return rights.add(studio.parts, values.to_entry(), pictures=pictures)


def resaved(image, path):
    """The picture at one and a half of its size, as JPEG: another file with other pixels."""
    with PillowImage.open(BytesIO(image.content)) as opened:
        white = PillowImage.new("RGBA", opened.size, "white")
        laid = PillowImage.alpha_composite(white, opened.convert("RGBA")).convert("RGB")
        laid.resize((96, 96)).save(path, quality=90)
    return path


def test_a_near_copy_of_an_opted_out_picture_is_held(checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    opt_out_of(checked, resaved(image, tmp_path / "mark.jpg"))
    (again,) = checked.generate("a fox", seed=1, size="128")
    assert again.outcome is Outcome.HELD
    asked_about = {one.card.image_id for one in review.list_cards(checked.parts, "ann")}
    assert asked_about == {image.image_id, again.image_id}
    (other,) = checked.generate("a bear", seed=9)
    assert other.outcome is Outcome.RELEASED


def register_with_older_look(parts, path):
    """An opt-out of a picture whose look hash another version of the referee took; its number."""
    entry = values_of(kind="opt-out", opted_out="mark", keys=("sha256:" + 64 * "0",)).to_entry()
    (look,) = known_picture(parts, str(path)).looks
    older = look._replace(taken_with="sha256:older")
    return parts.store.rights.add(entry, parts.read_clock(), looks=[older]).entry_id


def test_an_entry_with_an_older_look_is_named_until_its_picture_is_registered_again(
    checked, tmp_path
):
    (image,) = checked.generate("a fox", seed=1)
    path = resaved(image, tmp_path / "mark.jpg")
    older = register_with_older_look(checked.parts, path)
    assert rights.entries_of_older_looks(checked.parts) == [older]
    again = opt_out_of(checked, path).stored
    assert rights.entries_of_older_looks(checked.parts) == []
    rights.withdraw(checked.parts, again.entry_id)
    assert rights.entries_of_older_looks(checked.parts) == [older]


def test_a_near_copy_is_free_again_when_the_opt_out_ends(checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    entry = opt_out_of(checked, resaved(image, tmp_path / "mark.jpg")).stored
    rights.withdraw(checked.parts, entry.entry_id)
    (again,) = checked.generate("a fox", seed=1, size="128")
    assert again.outcome is Outcome.RELEASED


def test_stored_near_copies_of_an_opted_out_picture_are_held_for_people_to_see(checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    (other,) = checked.generate("a bear", seed=9)
    enforced = opt_out_of(checked, resaved(image, tmp_path / "mark.jpg"))
    assert (enforced.alike, enforced.held, enforced.blocked) == (
        (image.image_id,), (image.image_id,), (),
    )  # fmt: skip
    assert last_outcome(checked, image) is Outcome.HELD
    assert last_outcome(checked, other) is Outcome.RELEASED
    decisions = checked.parts.store.decisions_of(image.image_id)
    assert [one.decision.outcome for one in decisions] == [Outcome.RELEASED, Outcome.HELD]
    (view,) = review.list_cards(checked.parts, "ann")
    assert (view.card.image_id, view.card.question) == (image.image_id, "Is it new?")


def test_a_near_copy_that_is_held_leaves_no_more_until_people_release_it(checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    entry = opt_out_of(checked, resaved(image, tmp_path / "mark.jpg")).stored
    with pytest.raises(ImageHeld):
        _ = open_image(checked.parts, image.image_id).content
    view = review.next_card(checked.parts, "ann")
    review.answer_card(checked.parts, view.card.card_id, "ann", "accept")
    assert last_outcome(checked, image) is Outcome.RELEASED
    store, criteria = checked.parts.store, checked.parts.judge.criteria
    now = checked.parts.read_clock()
    assert store.rights.hold([image.image_id], entry.entry_id, criteria, now) == []
    assert last_outcome(checked, image) is Outcome.RELEASED


def test_being_held_for_likeness_is_no_decision_by_the_criteria(checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    opt_out_of(checked, resaved(image, tmp_path / "mark.jpg"))
    with checked.parts.store.reviews.reading() as connection:
        decided = rule_decisions(connection)[image.image_id]
    assert decided.outcome is Outcome.RELEASED


def test_what_was_refused_already_is_not_held_for_its_likeness(checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    path = resaved(image, tmp_path / "mark.jpg")
    add(checked, kind="opt-out", opted_out="mark", keys=(image.image_id,))
    assert opt_out_of(checked, path).held == ()
    assert last_outcome(checked, image) is Outcome.REFUSED


def test_near_copies_are_held_when_a_consent_with_a_picture_expires(checked, tmp_path):
    set_clock(checked, NOW)
    (image,) = checked.generate("a fox", seed=1)
    picture = rights.known_picture(checked.parts, str(resaved(image, tmp_path / "jane.jpg")))
    entry = values_of(**CONSENT, name="Jane Doe").to_entry()
    assert rights.add(checked.parts, entry, pictures=[picture]).held == ()
    set_clock(checked, NOW + timedelta(days=200))
    rights.enforce_expired(checked.parts)
    assert last_outcome(checked, image) is Outcome.HELD


def test_a_stored_image_that_is_opted_out_by_its_hash_keeps_its_near_copies_back(checked):
    (image,) = checked.generate("a fox", seed=1)
    enforced = add(checked, kind="opt-out", opted_out="mark", keys=(image.image_id,))
    assert enforced.blocked == (image.image_id,)
    (again,) = checked.generate("a fox", seed=1, size="128")
    assert again.outcome is Outcome.HELD


def test_a_picture_that_comes_with_a_withdrawal_keeps_its_near_copies_back(checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    stored = add(checked, **CONSENT, name="Jane Doe").stored
    path = resaved(image, tmp_path / "jane.jpg")
    rights.withdraw(checked.parts, stored.entry_id, images=[str(path)])
    (again,) = checked.generate("a fox", seed=1, size="128")
    assert again.outcome is Outcome.HELD


def test_the_command_holds_stored_near_copies(limner, home, tmp_path):
    result = limner("generate", "a fox", "--seed", "1", "--out", str(tmp_path / "fox.png"))
    assert result.exit_code == 0
    with PillowImage.open(tmp_path / "fox.png") as opened:
        opened.convert("RGBA").resize((96, 96)).save(tmp_path / "other.png")
    result = limner(
        "rights", "add", "opt-out", "--of", "mark", "--picture", str(tmp_path / "other.png")
    )
    assert result.exit_code == 0
    assert "1 more look nearly the same; 1 of them are held now" in result.stdout


def test_the_list_names_entries_with_an_older_look(limner, checked, tmp_path):
    (image,) = checked.generate("a fox", seed=1)
    register_with_older_look(checked.parts, resaved(image, tmp_path / "mark.jpg"))
    result = limner("rights", "list")
    assert (result.exit_code, "by an earlier version: 1. Register" in result.stderr) == (0, True)


def test_a_picture_that_cannot_be_read_is_not_registered(limner, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no picture")
    result = limner(
        "rights", "add", "opt-out", "--of", "mark", "--picture", str(tmp_path / "no.png")
    )
    assert result.exit_code == 2
    assert "cannot be read as a picture" in result.stderr
