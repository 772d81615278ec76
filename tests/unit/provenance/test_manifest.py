import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sealing import FACTS, PROMPT, source

from limner.core.records import Operation
from limner.provenance.facts import Ingredient, Oversight, Relationship, TrainingUse
from limner.provenance.manifest import build_manifest, xmp_properties

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MASK = Ingredient(
    title="mask",
    relationship=Relationship.INPUT,
    content=b"m",
    media_type="image/png",
    pixels_sha256="sha256:" + "2" * 64,
)
EDITED = replace(FACTS, operation=Operation.MASK, ingredients=(source(b"s"), MASK))

ENLARGED = replace(FACTS, operation=Operation.ENLARGE, ingredients=(source(b"s"),))


def data_of(facts, label):
    found = [one for one in build_manifest(facts)["assertions"] if one["label"] == label]
    return found[0]["data"] if found else None


def actions_of(facts):
    return data_of(facts, "c2pa.actions.v2")["actions"]


def test_every_assertion_is_the_signers_own_but_the_wishes_about_training():
    gathered = [
        one["label"] for one in build_manifest(FACTS)["assertions"] if not one.get("created")
    ]
    assert gathered == ["cawg.training-mining"]


def test_a_drawing_from_text_begins_as_created_by_a_trained_model():
    first = actions_of(FACTS)[0]
    assert first["action"] == "c2pa.created"
    assert first["digitalSourceType"] == f"{SOURCE_TYPES}trainedAlgorithmicMedia"


def test_a_drawing_from_a_picture_opens_it_and_edits_it():
    opened, edited, *_ = actions_of(EDITED)
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert opened["parameters"]["ingredientIds"] == ["source"]
    assert edited["parameters"]["ingredientIds"] == ["mask"]
    assert edited["digitalSourceType"] == f"{SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"


def test_an_enlarged_picture_opens_its_parent_and_resizes_it():
    facts = replace(ENLARGED, is_untrained=False)
    opened, resized, *_ = actions_of(facts)
    assert (opened["action"], resized["action"]) == ("c2pa.opened", "c2pa.resized")
    assert resized["digitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")


def test_plain_resampling_of_a_strangers_picture_claims_no_trained_model():
    facts = replace(ENLARGED, is_untrained=True)
    assert actions_of(facts)[1]["digitalSourceType"].endswith("algorithmicallyEnhanced")
    labels = [one["label"] for one in build_manifest(facts)["assertions"]]
    assert "c2pa.ai-disclosure" not in labels
    assert "Iptc4xmpExt:AISystemUsed" not in xmp_properties(facts)


def test_the_model_is_named_with_its_version():
    assert actions_of(FACTS)[0]["softwareAgent"] == {"name": "limner-icons", "version": "1"}


def test_the_time_is_utc_to_the_second():
    assert actions_of(FACTS)[0]["when"] == "2026-01-02T03:04:05Z"


def test_parameters_hold_what_draws_the_picture_again_and_no_prompt():
    assert actions_of(FACTS)[0]["parameters"] == {
        "limner.seed": 42,
        "limner.model_sha256": "sha256:" + "a" * 64,
        "limner.operation": "text",
        "limner.prompt_commitment": "sha256:" + "d" * 64,
    }


def test_pictures_it_was_made_from_are_named_by_the_hash_of_their_pixels():
    parameters = actions_of(EDITED)[1]["parameters"]
    assert parameters["limner.source_sha256"] == "sha256:" + "1" * 64
    assert parameters["limner.mask_sha256"] == "sha256:" + "2" * 64


def test_a_visible_label_is_named():
    labelled = replace(FACTS, label="AI generated")
    assert actions_of(labelled)[0]["parameters"]["limner.label"] == "AI generated"


@pytest.mark.parametrize("oversight", Oversight)
def test_the_oversight_is_the_one_that_was_given(oversight):
    disclosure = data_of(replace(FACTS, oversight=oversight), "c2pa.ai-disclosure")
    assert disclosure["contentProfile"] == {"humanOversightLevel": oversight.value}


def test_the_model_identifier_is_a_package_url():
    odd = replace(FACTS, model_name="a model/x", model_version="1 beta")
    identifier = data_of(odd, "c2pa.ai-disclosure")["modelIdentifier"]
    assert identifier == "pkg:generic/a%20model%2Fx@1%20beta"


def test_a_mark_is_bound_and_said_to_be_put_in():
    assert data_of(FACTS, "c2pa.soft-binding") == {
        "alg": "limner.mark.v1",
        "blocks": [{"scope": {}, "value": "1234"}],
    }
    assert actions_of(FACTS)[-1]["action"] == "c2pa.watermarked.bound"


def test_without_a_mark_none_is_claimed():
    unmarked = replace(FACTS, mark=None)
    assert data_of(unmarked, "c2pa.soft-binding") is None
    assert [one["action"] for one in actions_of(unmarked)] == ["c2pa.created"]


def test_a_decision_says_by_what_it_was_taken_and_where_it_stands():
    assert data_of(FACTS, "limner.decision") == {
        "decision": "released",
        "decided_by": "rule",
        "criteria_sha256": "sha256:" + "e" * 64,
        "ledger_index": 7,
    }


def test_without_a_decision_none_is_claimed():
    assert data_of(replace(FACTS, decision=None), "limner.decision") is None


def test_the_record_is_named_by_pixels_and_recipe():
    assert data_of(FACTS, "limner.record") == {
        "pixels_sha256": "sha256:" + "b" * 64,
        "recipe_sha256": "sha256:" + "c" * 64,
    }


@pytest.mark.parametrize(
    ("use", "word", "mining"),
    [
        (TrainingUse.ALLOWED, "allowed", "DMI-ALLOWED"),
        (TrainingUse.NOT_ALLOWED, "notAllowed", "DMI-PROHIBITED-AIMLTRAINING"),
    ],
)
def test_wishes_about_training_agree_in_manifest_and_metadata(use, word, mining):
    facts = replace(FACTS, training_use=use)
    entries = data_of(facts, "cawg.training-mining")["entries"]
    assert entries["cawg.ai_generative_training"] == {"use": word}
    assert xmp_properties(facts)["plus:DataMining"].endswith(f"/{mining}")


def test_metadata_say_what_made_it():
    properties = xmp_properties(FACTS)
    assert properties["Iptc4xmpExt:AISystemUsed"] == "limner-icons"
    assert properties["Iptc4xmpExt:AISystemVersionUsed"] == "1"
    assert properties["Iptc4xmpExt:DigitalSourceType"].endswith("/trainedAlgorithmicMedia")


def test_metadata_hold_the_prompt_only_if_it_was_asked_for():
    assert "Iptc4xmpExt:AIPromptInformation" not in xmp_properties(FACTS)
    told = xmp_properties(replace(FACTS, prompt=PROMPT))
    assert told["Iptc4xmpExt:AIPromptInformation"] == PROMPT


@given(st.text(min_size=8, max_size=40), st.integers(0, 2**32 - 1))
def test_a_manifest_is_json_and_never_holds_the_prompt(prompt, seed):
    assume(json.dumps(prompt)[1:-1] not in json.dumps(build_manifest(replace(FACTS, seed=seed))))
    written = json.dumps(build_manifest(replace(FACTS, prompt=prompt, seed=seed)))
    assert json.loads(written)["title"] == "image.png"
    assert json.dumps(prompt)[1:-1] not in written


@pytest.mark.parametrize("operation", [Operation.IMAGE, Operation.MASK])
def test_an_edit_without_the_picture_it_began_with_is_our_own_mistake(operation):
    with pytest.raises(AssertionError):
        replace(FACTS, operation=operation)


def test_a_drawing_from_text_has_no_picture_it_began_with():
    with pytest.raises(AssertionError):
        replace(FACTS, ingredients=(source(b"s"),))
