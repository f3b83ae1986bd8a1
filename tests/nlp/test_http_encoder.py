"""What an endpoint can do wrong, done by a real one: each is told by name, place and remedy, without texts."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

from kernel.errors import PartUnavailableError, SettingsError, SuaraError
from nlp.encoder.http import HttpEncoder
from tests.fixtures.endpoint import DROP, PATIENCE, SLOW, Endpoint, patience, served
from tests.nlp.encoders import over_http

pytestmark = pytest.mark.usefixtures("logged")

WORDS = "these-words-are-nobody-elses"
KEY = "sk-nobody-may-see-this"


def answer(texts: list[str], width: int = 384) -> bytes:
    """Return the vectors of texts, in the wrong order but rightly numbered; each points where its length says."""
    rows = [{"index": n, "embedding": [2.0 * (place == len(text)) for place in range(width)]}
            for n, text in enumerate(texts)]  # fmt: skip
    return json.dumps({"object": "list", "data": rows[::-1]}).encode()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with served(lambda asked: answer(asked["input"], server.width)) as server:
        server.width = 384
        yield server


def encoder(endpoint: Endpoint, **others: object) -> HttpEncoder:
    return HttpEncoder(over_http(endpoint.url, api_key=KEY, **others), pauses=(0.01, 0.02))


def failure(endpoint: Endpoint, **others: object) -> SuaraError:
    with pytest.raises(SuaraError) as told:
        encoder(endpoint, **others).encode([WORDS])
    assert "e5-query" in str(told.value)
    assert f"{endpoint.url}/embeddings" in str(told.value)
    assert told.value.remedy
    assert WORDS not in str(told.value)
    assert KEY not in str(told.value)
    assert told.value.__cause__ is None
    return told.value


def test_texts_go_out_in_batches_and_come_back_in_order(endpoint):
    texts = [letter * length for length, letter in enumerate("abcdefg", start=1)]
    rows = encoder(endpoint, batch=3, prefix="> ", shorten=True).encode([*texts, ""])
    assert [len(one["input"]) for one in endpoint.asked] == [3, 3, 2]
    assert rows.argmax(axis=1).tolist() == [3, 4, 5, 6, 7, 8, 9, 2]
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert endpoint.asked[0] == {"model": "e5-query", "dimensions": 384, "input": ["> a", "> bb", "> ccc"]}
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_an_endpoint_that_wants_no_key_gets_none(endpoint):
    HttpEncoder(over_http(f"{endpoint.url}/embeddings/")).encode(["a"])
    assert "Authorization" not in endpoint.headers[0]
    assert endpoint.asked == [{"model": "e5-query", "input": ["a"]}]


@pytest.mark.parametrize("trouble", [429, 500, 503, DROP, SLOW], ids=str)
def test_what_passes_is_tried_again(endpoint, trouble, logged):
    endpoint.script = [trouble, trouble]
    rows = encoder(endpoint, timeout_seconds=patience(trouble)).encode([WORDS])
    assert rows.argmax(axis=1).tolist() == [len(WORDS)]
    assert len(endpoint.asked) == 3
    said = logged.getvalue()
    assert said.count("the encoder is asked again") == 2
    assert WORDS not in said
    assert KEY not in said


def test_an_endpoint_is_left_alone_as_long_as_it_asks(endpoint):
    endpoint.script = [(429, {"Retry-After": "1"}), (429, {"Retry-After": "Mon, 23 Nov 2026 00:00:00 GMT"})]
    began = time.monotonic()
    encoder(endpoint).encode([WORDS])
    assert 1 < time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(503, "answers 503"), (429, "answers 429"), (DROP, "breaks off (RemoteProtocolError)"),
     (SLOW, f"gives no answer within {PATIENCE:g} s")],
    ids=str,
)  # fmt: skip
def test_what_does_not_pass_is_told_after_the_last_try(endpoint, trouble, words):
    endpoint.script = [trouble] * 3
    error = failure(endpoint, timeout_seconds=patience(trouble))
    assert isinstance(error, PartUnavailableError)
    assert words in str(error)
    assert len(endpoint.asked) == 3


@pytest.mark.parametrize(
    ("status", "words", "remedy"),
    [
        (401, "refuses the key (401)", "SUARA_ENCODER__API_KEY"),
        (403, "refuses the key (403)", "SUARA_ENCODER__API_KEY"),
        (404, "says 404", "SUARA_ENCODER__URL"),
        (301, "says 301", "SUARA_ENCODER__URL"),
        (400, "says 400", "SUARA_ENCODER__MODEL"),
        (413, "says 413", "SUARA_ENCODER__BATCH"),
    ],
)
def test_a_refusal_is_told_at_once(endpoint, status, words, remedy):
    endpoint.script = [status]
    error = failure(endpoint)
    assert isinstance(error, SettingsError)
    assert words in str(error)
    assert remedy in error.remedy
    assert len(endpoint.asked) == 1


def test_another_width_is_refused(endpoint):
    endpoint.width = 1536
    error = failure(endpoint)
    assert isinstance(error, SettingsError)
    assert "gives vectors of 1536 numbers, and the warehouse holds 384" in str(error)
    assert "SUARA_ENCODER__SHORTEN" in error.remedy


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>welcome</html>", "a body that is no JSON"),
        (b"", "a body that is no JSON"),
        (b"\xff\xfe", "a body that is no JSON"),
        (b'{"object": "list"}', "another shape than OpenAI's: Object missing required field `data`"),
        (b'{"data": [{"index": 0, "embedding": "AAAA"}]}', "another shape than OpenAI's: Expected `array`, got `str`"),
        (b'{"data": [{"index": 0, "embedding": [1, null]}]}', "another shape than OpenAI's: Expected `float`"),
        (answer([]), "gives 0 vectors for 1 texts"),
        (answer(["a", "b"]), "gives 2 vectors for 1 texts"),
        (answer(["a"]).replace(b'"index": 0', b'"index": 7'), "or numbers them otherwise"),
        (answer(["a"]).replace(b"2.0", b"NaN"), "a body that is no JSON"),
    ],
)
def test_an_answer_in_another_protocol_is_told(endpoint, body, words):
    endpoint.script = [body]
    error = failure(endpoint)
    assert isinstance(error, PartUnavailableError)
    assert words in str(error)


def test_numbers_without_a_direction_are_refused(endpoint):
    endpoint.script = [answer(["a"]).replace(b"2.0", b"1e300")]
    assert "gives vectors of no finite length" in str(failure(endpoint))


def test_a_vector_of_zeros_stays_one(endpoint):
    endpoint.script = [answer(["a"]).replace(b"2.0", b"0.0")]
    assert not encoder(endpoint).encode([WORDS]).any()


def test_nobody_there_is_told_with_the_place(endpoint):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint.url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        error = failure(endpoint)
    assert isinstance(error, PartUnavailableError)
    assert "cannot be reached: [Errno" in str(error)
    endpoint.url = "http://nowhere.invalid/v1"
    assert "cannot be reached" in str(failure(endpoint))
