from hypothesis import given
from hypothesis import strategies as st
from sealing import MEDIA_TYPES

from limner.provenance.claims import claims_of
from limner.provenance.verify import read_credential

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["assertions", "label", "data", "actions", "action", "ingredients", "title", "blocks",
             "claim_generator_info", "name", "contentProfile", "validation_results", "failure"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["assertions", "ingredients", "title"]), json_values))
def test_no_report_breaks_the_reader(manifest):
    assert claims_of(manifest).ledger_index is None


def test_nothing_said_is_nothing_claimed():
    claims = claims_of({})
    assert (claims.generator, claims.oversight, claims.ingredients) == (None, None, ())


def test_what_was_sealed_is_read_back(sealed, trust):
    claims = read_credential(sealed(MEDIA_TYPES[0]).content, MEDIA_TYPES[0], trust).claims
    assert (claims.generator, claims.model) == ("Limner 0.1.0", "limner-icons 1")
    assert (claims.source_type, claims.oversight) == ("trainedAlgorithmicMedia", "prompt_guided")
    assert (claims.decision, claims.decided_by, claims.ledger_index) == ("released", "rule", 7)
    assert (claims.mark_algorithm, claims.mark_value) == ("limner.mark.v1", "1234")
    assert claims.pixels_sha256 == "sha256:" + "b" * 64
    assert claims.recipe_sha256 == "sha256:" + "c" * 64
    assert claims.made_at == "2026-01-02T03:04:05Z"
