import http.client
import socket
from contextlib import closing, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from limner.provenance import stamp_format
from limner.provenance.certificates import issue_stamper, make_root
from limner.provenance.stamp_format import (
    Query,
    QueryInvalid,
    answer_of,
    info_of,
    is_exact_token,
    is_own_token,
    parse_query,
    to_be_signed,
)
from limner.provenance.stamping import Authority, serving

NOW = datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority():
    return Authority(issue_stamper(make_root(NOW), NOW))


def query(*, digest=b"d" * 32, nonce=5, version=1):
    """DER of a query; stands in for the C2PA library."""
    return asn1.encode_der(
        Query(
            version=version,
            imprint=stamp_format._Imprint(
                algorithm=stamp_format._Algorithm(algorithm=stamp_format._SHA256, parameters=None),
                digest=digest,
            ),
            policy=None,
            nonce=nonce,
            wants_certificate=True,
        )
    )


def token_of(answer):
    return asn1.encode_der(asn1.decode_der(stamp_format._Answer, answer).token)


def info_in(answer):
    token = asn1.decode_der(stamp_format._Answer, answer).token
    return asn1.decode_der(stamp_format.StampInfo, token.content.content.content)


def post(url, body):
    """Status, type and body of the answer to a query."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    with closing(connection):
        connection.request("POST", place.path, body)
        answered = connection.getresponse()
        return answered.status, answered.headers["Content-Type"], answered.read()


def test_a_stamp_says_the_digest_the_nonce_and_the_time(authority):
    info = info_in(authority.answer(query(nonce=77), NOW))
    assert (info.imprint.digest, info.nonce) == (b"d" * 32, 77)
    assert info.stamped_at.as_datetime().replace(tzinfo=UTC) == NOW.replace(microsecond=0)


def test_two_stamps_have_two_numbers(authority):
    first, second = (info_in(authority.answer(query(), NOW)).serial for _ in range(2))
    assert first != second


def test_a_query_without_a_nonce_is_answered_without_one(authority):
    assert info_in(authority.answer(query(nonce=None), NOW)).nonce is None


@pytest.mark.parametrize(
    "asked",
    [query(version=2), query(digest=b"d" * 20), b"", b"\x30\x00", query() + b"\x00", query()[:-1]],
)
def test_what_is_no_query_we_answer_is_refused(authority, asked):
    with pytest.raises(QueryInvalid):
        authority.answer(asked, NOW)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_queries(body):
    try:
        parse_query(body)
    except QueryInvalid:
        pass


def test_our_tokens_are_exact(authority):
    token = token_of(authority.answer(query(), NOW))
    assert is_own_token(token)
    assert is_exact_token(token)


def test_no_byte_of_a_token_can_change(authority):
    token = token_of(authority.answer(query(), NOW))
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= 1 << (place % 8)
        assert not is_exact_token(bytes(changed)), place


def test_a_token_with_bytes_behind_it_is_not_exact(authority):
    assert not is_exact_token(token_of(authority.answer(query(), NOW)) + b"\x00")


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader_of_tokens(token):
    assert not is_exact_token(token)


def test_a_token_signed_by_another_key_is_not_exact(authority):
    root = make_root(NOW)
    mine, other = issue_stamper(root, NOW), issue_stamper(root, NOW)
    info = info_of(parse_query(query()), 9, NOW)
    certificate = mine.certificate.public_bytes(Encoding.DER)
    signature = other.key.sign(to_be_signed(info, certificate), ECDSA(SHA256()))
    assert not is_exact_token(token_of(answer_of(info, certificate, signature)))


def test_an_authority_answers_over_loopback(authority):
    with serving(authority, lambda: NOW) as url:
        status, kind, answer = post(url, query(nonce=3))
    assert (status, kind) == (200, "application/timestamp-reply")
    assert info_in(answer).nonce == 3


def test_an_authority_answers_more_than_once(authority):
    with serving(authority, lambda: NOW) as url:
        nonces = [info_in(post(url, query(nonce=k))[2]).nonce for k in (1, 2)]
    assert nonces == [1, 2]


def test_the_port_is_bound_to_loopback_only(authority):
    with serving(authority, lambda: NOW) as url:
        assert urlsplit(url).hostname == "127.0.0.1"


def test_the_port_is_gone_afterwards(authority):
    with serving(authority, lambda: NOW) as url:
        port = urlsplit(url).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_who_does_not_know_the_secret_gets_no_stamp(authority):
    with serving(authority, lambda: NOW) as url:
        other = url.rsplit("/", 1)[0] + "/guess"
        assert post(other, query())[0] == 404


def test_what_is_no_query_gets_no_stamp(authority):
    with serving(authority, lambda: NOW) as url:
        assert post(url, b"hello")[0] == 400


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 9000])
def test_a_stranger_who_sends_anything_does_no_harm(authority, sent):
    with serving(authority, lambda: NOW) as url:
        place = (urlsplit(url).hostname, urlsplit(url).port)
        with socket.create_connection(place, timeout=5) as stranger, suppress(OSError):
            stranger.sendall(sent)  # may be cut off, which is right
            stranger.shutdown(socket.SHUT_WR)
        assert info_in(post(url, query(nonce=4))[2]).nonce == 4
