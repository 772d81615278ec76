"""The manifest of a credential and its XMP twin, built from facts; nothing is signed here.

Every assertion is attributed to the signer (``created``) except the wishes about training, which
are not the machine's own claim. The C2PA library would leave all of them unattributed.

Sources: C2PA technical specification 2.2 and 2.4 (18.28, ai-disclosure); CAWG training and data
mining 1.1; IPTC digital source type news codes; PLUS data mining vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from limner.core.records import Operation
from limner.provenance.facts import (
    DecisionFacts,
    MarkFacts,
    Relationship,
    SealFacts,
    TrainingUse,
)

GENERATOR_NAME = "Limner"
RECORD_LABEL = "limner.record"
DECISION_LABEL = "limner.decision"
DISCLOSURE_LABEL = "c2pa.ai-disclosure"
ACTIONS_LABEL = "c2pa.actions.v2"
SOFT_BINDING_LABEL = "c2pa.soft-binding"
TRAINING_LABEL = "cawg.training-mining"
CREATED_BY_LIBRARY = ("c2pa.actions", "c2pa.ingredient")  # labels the library adds or completes

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_DATA_MINING = "http://ns.useplus.org/ldf/vocab/"


def source_type_of(facts: SealFacts) -> str:
    """The IPTC digital source type of an image."""
    if facts.is_untrained:
        return f"{_SOURCE_TYPES}algorithmicallyEnhanced"
    if facts.operation is Operation.TEXT:
        return f"{_SOURCE_TYPES}trainedAlgorithmicMedia"
    return f"{_SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"


def xmp_properties(facts: SealFacts) -> dict[str, str]:
    """Properties of the XMP twin by prefixed name."""
    may_train = facts.training_use is TrainingUse.ALLOWED
    properties = {
        "Iptc4xmpExt:DigitalSourceType": source_type_of(facts),
        "plus:DataMining": _DATA_MINING
        + ("DMI-ALLOWED" if may_train else "DMI-PROHIBITED-AIMLTRAINING"),
    }
    if not facts.is_untrained:
        properties["Iptc4xmpExt:AISystemUsed"] = facts.model_name
        properties["Iptc4xmpExt:AISystemVersionUsed"] = facts.model_version
    if facts.prompt is not None:
        properties["Iptc4xmpExt:AIPromptInformation"] = facts.prompt
    return properties


def build_manifest(facts: SealFacts) -> dict[str, object]:
    """The manifest definition the C2PA library signs."""
    assertions = [
        _created(ACTIONS_LABEL, {"actions": _actions(facts)}),
        *([] if facts.is_untrained else [_created(DISCLOSURE_LABEL, _disclosure(facts))]),
        {"label": TRAINING_LABEL, "data": _training(facts.training_use)},
        _created(RECORD_LABEL, _record(facts)),
    ]
    if facts.mark is not None:
        assertions.append(_created(SOFT_BINDING_LABEL, _soft_binding(facts.mark)))
    if facts.decision is not None:
        assertions.append(_created(DECISION_LABEL, _decision(facts.decision)))
    return {
        "claim_generator_info": [{"name": GENERATOR_NAME, "version": facts.limner_version}],
        "title": facts.title,
        "assertions": assertions,
    }


def _created(label: str, data: Mapping[str, object]) -> dict[str, object]:
    return {"label": label, "created": True, "data": data}


def _actions(facts: SealFacts) -> list[dict[str, object]]:
    if facts.converted_at is not None:
        converted: dict[str, object] = {
            "action": "c2pa.converted",
            "when": _time_text(facts.converted_at),
            # Readers that look at no parent know all the same that it is made by AI.
            "digitalSourceType": source_type_of(facts),
        }
        return [_opened(facts, _time_text(facts.converted_at)), converted]
    when = _time_text(facts.created_at)
    made: dict[str, object] = {
        "when": when,
        "digitalSourceType": source_type_of(facts),
        "softwareAgent": {"name": facts.model_name, "version": facts.model_version},
        "parameters": _parameters(facts),
    }
    if facts.operation is Operation.TEXT:
        actions: list[dict[str, object]] = [{"action": "c2pa.created", **made}]
    else:
        did = "resized" if facts.operation is Operation.ENLARGE else "edited"
        actions = [_opened(facts, when), {"action": f"c2pa.{did}", **made}]
    if facts.mark is not None:
        actions.append({"action": "c2pa.watermarked.bound", "when": when})
    return actions


def _opened(facts: SealFacts, when: str) -> dict[str, object]:
    parents = _titles(facts, Relationship.PARENT)
    return {"action": "c2pa.opened", "when": when, "parameters": {"ingredientIds": parents}}


def _parameters(facts: SealFacts) -> dict[str, object]:
    parameters: dict[str, object] = {
        "limner.seed": facts.seed,
        "limner.model_sha256": facts.model_sha256,
        "limner.operation": facts.operation.value,
    }
    if facts.prompt_commitment is not None:
        parameters["limner.prompt_commitment"] = facts.prompt_commitment
    if facts.label is not None:
        parameters["limner.label"] = facts.label
    for one in facts.ingredients:
        parameters[f"limner.{one.title}_sha256"] = one.pixels_sha256
    inputs = _titles(facts, Relationship.INPUT)
    if inputs:
        parameters["ingredientIds"] = inputs
    return parameters


def _titles(facts: SealFacts, relationship: Relationship) -> list[str]:
    return [one.title for one in facts.ingredients if one.relationship is relationship]


def _disclosure(facts: SealFacts) -> dict[str, object]:
    name, version = quote(facts.model_name, safe=""), quote(facts.model_version, safe="")
    return {
        "modelType": "c2pa.types.model",
        "modelName": facts.model_name,
        "modelIdentifier": f"pkg:generic/{name}@{version}",
        "contentProfile": {"humanOversightLevel": facts.oversight.value},
    }


def _training(use: TrainingUse) -> dict[str, object]:
    word = "allowed" if use is TrainingUse.ALLOWED else "notAllowed"
    return {
        "entries": {
            "cawg.ai_generative_training": {"use": word},
            "cawg.ai_training": {"use": word},
            "cawg.ai_inference": {"use": "allowed"},
            "cawg.data_mining": {"use": word},
        }
    }


def _record(facts: SealFacts) -> dict[str, object]:
    return {"pixels_sha256": facts.pixels_sha256, "recipe_sha256": facts.recipe_sha256}


def _soft_binding(mark: MarkFacts) -> dict[str, object]:
    return {"alg": mark.algorithm, "blocks": [{"scope": {}, "value": mark.value}]}


def _decision(decision: DecisionFacts) -> dict[str, object]:
    data = {
        "decision": decision.decision,
        "decided_by": decision.decided_by,
        "criteria_sha256": decision.criteria_sha256,
        "ledger_index": decision.ledger_index,
        "ledger_leaf_sha256": decision.ledger_leaf_sha256,
    }
    return {name: value for name, value in data.items() if value is not None}


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
