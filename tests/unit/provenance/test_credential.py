import io
import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import c2pa
import numpy as np
import pytest
from sealing import (
    FACTS,
    MEDIA_TYPES,
    PROMPT,
    encoded,
    flipped,
    pixels_of,
    read_clock,
    source,
)

from limner.core.errors import BadInput
from limner.core.records import Operation
from limner.provenance.containers import read_store, read_xmp
from limner.provenance.credential import UNSTAMPED, Placement, seal
from limner.provenance.signers import own_signer
from limner.provenance.stamping import Authority
from limner.provenance.verify import CredentialState, read_credential
from limner.provenance.xmp import property_of

PNG, JPEG = "image/png", "image/jpeg"
every_type = pytest.mark.parametrize("media_type", MEDIA_TYPES)
EDIT = replace(FACTS, operation=Operation.IMAGE, ingredients=(source(encoded(JPEG), JPEG),))


def made(signer, media_type=PNG, facts=FACTS, **more):
    return seal(encoded(media_type), media_type, facts, signer, read_clock=read_clock, **more)


def details_of(content, media_type):
    """The library's own detailed report on the newest manifest."""
    with c2pa.Reader(media_type, io.BytesIO(content)) as reader:
        report = json.loads(reader.detailed_json())
    return report["manifests"][report["active_manifest"]]


@every_type
def test_what_is_sealed_is_trusted_and_stamped(media_type, sealed, trust):
    credential = read_credential(sealed(media_type).content, media_type, trust)
    assert (credential.state, credential.trusted_by) == (CredentialState.TRUSTED, "own")
    assert credential.stamped_at == sealed(media_type).stamped_at is not None
    assert sealed(media_type).notices == ()


@every_type
def test_pixels_stay_when_a_file_is_sealed(media_type, sealed):
    before, after = encoded(media_type), sealed(media_type).content
    assert np.array_equal(pixels_of(before), pixels_of(after))


@every_type
def test_metadata_are_in_the_sealed_file(media_type, sealed):
    packet = read_xmp(sealed(media_type).content, media_type)
    assert property_of(packet, "Iptc4xmpExt:AISystemUsed") == "limner-icons"
    assert property_of(packet, "plus:DataMining").endswith("/DMI-PROHIBITED-AIMLTRAINING")


@every_type
def test_the_prompt_is_in_the_file_only_if_it_was_asked_for(media_type, signer, sealed):
    told = made(signer, media_type, replace(FACTS, prompt=PROMPT)).content
    assert PROMPT.encode() in told
    assert PROMPT.encode() not in sealed(media_type).content


def test_assertions_are_attributed_to_the_signer(sealed):
    claim = details_of(sealed(PNG).content, PNG)["claim"]
    created = {one["url"].rpartition("/")[2] for one in claim["created_assertions"]}
    assert created == {
        "c2pa.actions.v2",
        "c2pa.ai-disclosure",
        "c2pa.hash.data",
        "c2pa.soft-binding",
        "limner.decision",
        "limner.record",
    }
    gathered = [one["url"].rpartition("/")[2] for one in claim["gathered_assertions"]]
    assert gathered == ["cawg.training-mining"]


def test_ingredients_are_attributed_to_the_signer(signer):
    claim = details_of(made(signer, facts=EDIT).content, PNG)["claim"]
    created = {one["url"].rpartition("/")[2] for one in claim["created_assertions"]}
    assert "c2pa.ingredient.v3" in created


def test_no_thumbnail_is_kept(signer):
    assertions = details_of(made(signer, facts=EDIT).content, PNG)["assertion_store"]
    assert not any("thumbnail" in label for label in assertions)


def test_a_credential_of_the_picture_it_began_with_is_kept(signer, sealed, trust):
    began_with = source(sealed(JPEG).content, JPEG)
    facts = replace(EDIT, ingredients=(began_with,))
    claims = read_credential(made(signer, facts=facts).content, PNG, trust).claims
    (one,) = claims.ingredients
    assert (one.title, one.relationship) == ("source", "parentOf")
    assert (one.manifest_id, one.failures) == (sealed(JPEG).manifest_id, ())


def test_a_credential_that_was_tampered_with_before_is_kept_as_that(signer, sealed, trust):
    content = sealed(JPEG).content
    facts = replace(EDIT, ingredients=(source(flipped(content, 8 * len(content) - 100), JPEG),))
    credential = read_credential(made(signer, facts=facts).content, PNG, trust)
    assert credential.state is CredentialState.TRUSTED
    assert credential.claims.ingredients[0].failures == ("assertion.dataHash.mismatch",)


def test_a_credential_that_cannot_be_read_does_not_stop_sealing(signer, sealed, trust):
    content = sealed(JPEG).content
    damaged = content.replace(b"jumdc2pa", b"jumbc2pa")
    result = made(signer, facts=replace(EDIT, ingredients=(source(damaged, JPEG),)))
    assert result.notices == ("The credential of the source cannot be read and is not kept.",)
    claims = read_credential(result.content, PNG, trust).claims
    assert [(one.title, one.manifest_id) for one in claims.ingredients] == [("source", None)]


@contextmanager
def listening():
    """A server on this machine, and the requests it saw."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret.c2pa", seen
        finally:
            server.shutdown()
            thread.join()


def naming(url, signer, media_type=JPEG):
    """A file that says where its credential may be fetched from."""
    native = c2pa.Signer.from_callback(
        signer.sign, c2pa.C2paSigningAlg.ES256, signer.chain_pem, None
    )
    named = io.BytesIO()
    manifest = {
        "claim_generator_info": [{"name": "other", "version": "1"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://cv.iptc.org/newscodes/"
                            "digitalsourcetype/digitalCapture",
                        }
                    ]
                },
            }
        ],
    }
    with native, c2pa.Builder(manifest) as builder:
        builder.set_no_embed()
        builder.set_remote_url(url)
        builder.sign(native, media_type, io.BytesIO(encoded(media_type)), named)
    return named.getvalue()


def test_the_library_would_fetch_an_address_in_a_file(signer):
    with listening() as (url, seen):
        with pytest.raises(c2pa.C2paError):
            c2pa.Reader(JPEG, io.BytesIO(naming(url, signer)))
    assert seen == ["/secret.c2pa"]


def test_an_address_in_a_file_is_not_fetched_when_it_is_read(signer, trust):
    with listening() as (url, seen):
        credential = read_credential(naming(url, signer), JPEG, trust)
    assert (credential.state, seen) == (CredentialState.NONE, [])
    assert "nothing was fetched" in credential.notices[0]


def test_an_address_in_an_ingredient_is_not_fetched(signer):
    with listening() as (url, seen):
        facts = replace(EDIT, ingredients=(source(naming(url, signer), JPEG),))
        made(signer, facts=facts)
    assert seen == []


class Broken(Authority):
    """An authority that cannot answer."""

    def answer(self, query, now):
        raise ConnectionResetError("gone")


def test_an_authority_that_fails_leaves_the_seal_unstamped_and_that_is_said(keys, trust):
    signer = replace(own_signer(keys), stamps=Broken(keys.stamper))
    result = made(signer)
    credential = read_credential(result.content, PNG, trust)
    assert (result.stamped_at, result.notices) == (None, (UNSTAMPED,))
    assert (credential.state, credential.stamped_at) == (CredentialState.TRUSTED, None)


def test_an_authority_elsewhere_that_does_not_answer_leaves_it_unstamped(keys):
    signer = replace(own_signer(keys), stamps="http://127.0.0.1:1/stamps")
    assert made(signer).notices == (UNSTAMPED,)


def test_no_port_to_be_had_leaves_it_unstamped(signer, monkeypatch):
    def refuse(*arguments):
        raise PermissionError("no sockets here")

    monkeypatch.setattr("socket.create_server", refuse)
    assert made(signer).notices == (UNSTAMPED,)


def test_nobody_asked_for_a_stamp_leaves_it_unstamped(keys):
    assert made(replace(own_signer(keys), stamps=None)).notices == (UNSTAMPED,)


@every_type
def test_a_sidecar_is_for_the_file_it_came_with(media_type, signer, trust):
    beside = made(signer, media_type, placement=Placement.BESIDE)
    assert read_store(beside.content, media_type) is None
    credential = read_credential(beside.content, media_type, trust, beside.sidecar)
    assert (credential.state, credential.is_beside) == (CredentialState.TRUSTED, True)
    assert beside.stamped_at is not None


def test_a_credential_inside_has_no_sidecar(sealed):
    assert sealed(PNG).sidecar is None


def test_a_file_of_another_type_is_refused(signer):
    with pytest.raises(BadInput, match="'image/jpeg'; it was said to be 'image/png'"):
        seal(encoded(JPEG), PNG, FACTS, signer, read_clock=read_clock)


@every_type
def test_a_cut_file_is_refused(media_type, signer):
    with pytest.raises(BadInput, match="cannot take its metadata"):
        seal(encoded(media_type)[:40], media_type, FACTS, signer, read_clock=read_clock)


def test_sealing_again_replaces_nothing_that_was_said_before(signer, sealed, trust):
    again = seal(sealed(PNG).content, PNG, FACTS, signer, read_clock=read_clock)
    credential = read_credential(again.content, PNG, trust)
    assert credential.state is CredentialState.TRUSTED
    assert credential.manifest_id != sealed(PNG).manifest_id
