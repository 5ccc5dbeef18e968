"""The API, without a network: what is answered, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from adaseq.serving.app import Service, create_app
from adaseq.serving.limits import Limits
from adaseq.serving.metrics import Metrics
from tests.serving.fakes import FakePredictor, fake_service

TOKEN = "a-token-of-enough-characters"
SMALL = Limits(max_body_bytes=1000, max_texts=3, max_text_length=50)


def talk(
    conversation: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]], service: Service, **options: Any
) -> Any:
    """Run a conversation with an app."""

    async def run() -> Any:
        transport = httpx.ASGITransport(create_app(service, **options))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await conversation(client)

    try:
        return asyncio.run(run())
    finally:
        service.close()


def post(content: Any, service: Service | None = None, headers: dict[str, str] | None = None, **options: Any) -> Any:
    """The answer to a request for predictions."""
    body = content if isinstance(content, (bytes, str)) else json.dumps(content)
    sent = {"content-type": "application/json", **(headers or {})}
    return talk(
        lambda client: client.post("/v1/predict", content=body, headers=sent), service or fake_service()[0], **options
    )


def get(path: str, service: Service | None = None, headers: dict[str, str] | None = None, **options: Any) -> Any:
    """The answer to a GET."""
    return talk(lambda client: client.get(path, headers=headers), service or fake_service()[0], **options)


def test_texts_words_and_inputs() -> None:
    answer = post({"texts": ["Mary lives in Rome", "nothing here"]})
    assert answer.status_code == 200
    assert answer.json() == {
        "model": "names",
        "results": [
            {
                "output": [
                    {"type": "NAME", "start": 0, "end": 4, "span": "Mary", "prob": 1.0},
                    {"type": "NAME", "start": 14, "end": 18, "span": "Rome", "prob": 0.25},
                ]
            },
            {"output": []},
        ],
    }
    (result,) = post({"words": [["in", "Rome"]], "model": "names"}).json()["results"]
    assert result["output"][0]["token_start"] == 1
    (result,) = post({"inputs": [{"text": "in Rome"}]}).json()["results"]
    assert result["output"][0]["span"] == "Rome"
    assert post({"texts": []}).json()["results"] == []


def test_the_least_probability_is_that_of_the_request() -> None:
    for least in (0.5, {"NAME": 0.5}, {"*": 0.5}):
        (result,) = post({"texts": ["Mary lives in Rome"], "min_probability": least}).json()["results"]
        assert [each["span"] for each in result["output"]] == ["Mary"]


@pytest.mark.parametrize(
    ("content", "status", "code", "message"),
    [
        ("{", 400, "bad_request", "the body is no JSON"),
        ("[" * 500, 400, "bad_request", "the body is no JSON"),
        ({}, 422, "invalid_input", "give exactly one of texts, words and inputs"),
        ({"texts": ["a"], "words": [["a"]]}, 422, "invalid_input", "give exactly one of texts, words and inputs"),
        ({"texts": [1]}, 422, "invalid_input", "texts.0: Input should be a valid string"),
        ({"texts": ["a"], "pat": "/etc"}, 422, "invalid_input", "pat: Extra inputs are not permitted"),
        (
            {"inputs": [{"text": "a", "document": "b"}]},
            422,
            "invalid_input",
            "inputs.0.document: Extra inputs are not permitted",
        ),
        (b'{"texts": ["\\ud800"]}', 422, "invalid_input", None),
        (
            {"texts": ["a"], "model": "name"},
            404,
            "no_such_model",
            "there is no model 'name'; did you mean 'names'? known: names",
        ),
        ({"texts": ["a"], "model": "../../etc"}, 404, "no_such_model", "there is no model '../../etc'; known: names"),
        (
            {"texts": ["a"], "min_probability": 2},
            422,
            "invalid_input",
            "min_probability is a probability, from 0 to 1; received 2",
        ),
        (b'{"texts": ["a"], "min_probability": NaN}', 422, "invalid_input", None),
        (b'{"texts": ["a"], "\\ud800": 1}', 422, "invalid_input", None),
        (
            {"texts": ["a"], "min_probability": {"NAMES": 0.5}},
            422,
            "invalid_input",
            "min_probability names the type 'NAMES', which the model does not know; did you mean 'NAME'?",
        ),
        ({"texts": ["fine", "bad"]}, 422, "invalid_input", "this text is bad"),
        ({"texts": ["a"] * 4}, 413, "too_many_texts", "4 texts are more than the 3 of one request"),
        ({"texts": ["a", "b" * 51]}, 413, "text_too_long", "51 characters are more than the 50 of one text"),
        (
            {"inputs": [{"text": "a", "mentions": [[0, 1]] * 4}]},
            413,
            "too_many_mentions",
            "4 mentions are more than the 3 of one text",
        ),
        ({"words": [[""] * 51]}, 413, "text_too_long", "51 characters are more than the 50 of one text"),
        ("x" * 1001, 413, "body_too_large", "the body is larger than 1000 bytes"),
    ],
)
def test_what_is_refused(content: Any, status: int, code: str, message: str | None) -> None:
    answer = post(content, fake_service(SMALL)[0])
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert message is None or error["message"] == message
    assert ("index" in error) == (message == "this text is bad" or code in ("text_too_long", "too_many_mentions"))


@pytest.mark.parametrize("given", [{"model": "x" * 1001}, {"min_probability": {"x" * 1001: 0.5}}])
def test_names_have_an_end(given: dict[str, Any]) -> None:
    """What is not known is not compared with all that is known, and not sent back, at any length."""
    answer = post({"texts": ["a"], **given})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input")
    assert len(answer.content) < 300


def test_the_type_of_the_body_must_be_said() -> None:
    answer = post({"texts": ["a"]}, headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
    assert post({"texts": ["a"]}, headers={"content-type": "application/jsonl"}).status_code == 415
    assert post({"texts": ["a"]}, headers={"content-type": "application/json; charset=utf-8"}).status_code == 200


def test_a_body_of_unknown_length_is_limited_too() -> None:
    async def endless() -> Any:
        while True:
            yield b"x" * 300

    service = fake_service(SMALL)[0]
    headers = {"content-type": "application/json"}
    answer = talk(lambda client: client.post("/v1/predict", content=endless(), headers=headers), service)
    assert answer.status_code == 413 and answer.headers["connection"] == "close"


def test_a_token_is_asked_for() -> None:
    assert get("/v1/models", token=TOKEN).status_code == 401
    assert get("/v1/models", token=TOKEN, headers={"authorization": f"Bearer {TOKEN}x"}).status_code == 401
    assert get("/v1/models", token=TOKEN, headers={"authorization": f"Basic {TOKEN}"}).status_code == 401
    assert get("/v1/models", token=TOKEN, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    refused = post({"texts": ["a"]}, token=TOKEN)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert get("/metrics", token=TOKEN).status_code == 401
    for path in ("/healthz", "/readyz", "/", "/docs", "/openapi.json"):
        assert get(path, token=TOKEN).status_code == 200


def test_hosts_of_other_names_are_refused() -> None:
    hosts = frozenset({"localhost", "[::1]"})
    assert get("/v1/models", hosts=hosts).status_code == 200
    for host in ("localhost:8000", "LOCALHOST", "[::1]:8000", "[::1]"):
        assert get("/v1/models", hosts=hosts, headers={"host": host}).status_code == 200
    answer = get("/v1/models", hosts=hosts, headers={"host": "localhost.evil.com"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden_host")


def test_models_health_and_readiness() -> None:
    told = get("/v1/models", fake_service(SMALL)[0]).json()
    assert told["default"] == "names"
    assert told["models"] == [
        {
            "name": "names",
            "task": "named-entity-recognition",
            "runtime": "torch",
            "types": ["NAME"],
            "text_splitter": "blank",
            "extra_input": None,
        }
    ]
    assert told["limits"]["max_texts"] == 3
    assert get("/healthz").json() == {"status": "ok"}
    assert get("/readyz").json() == {"status": "ready"}
    loading = Service(["names"], Limits(), Metrics())
    for path in ("/readyz", "/v1/models"):
        answer = get(path, loading)
        assert (answer.status_code, answer.json()["error"]["code"], "retry-after" in answer.headers) == (
            503,
            "not_ready",
            True,
        )
    assert post({"texts": ["a"]}, loading).status_code == 503
    assert get("/healthz", loading).status_code == 200


def test_paths_and_methods_that_there_are_not() -> None:
    for path in ("/nothing", "/static/nothing", "/static/..%2f..%2fsetup.py", "/v1/../setup.py"):
        assert get(path).status_code == 404
    answer = get("/v1/predict")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


def test_the_description_needs_no_other_host() -> None:
    service = fake_service()[0]

    async def both(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response]:
        return await client.get("/openapi.json"), await client.get("/docs")

    description, page = talk(both, service)
    assert set(description.json()["paths"]) == {"/v1/models", "/v1/predict", "/healthz", "/readyz", "/metrics"}
    assert "PredictRequest" in page.text and "//" not in page.text.replace("</", "")
    assert "script" not in page.text.lower().replace("description", "")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_pages_are_told_to_load_nothing_from_elsewhere() -> None:
    answer = get("/")
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (
        "script-src 'self'" in answer.headers["content-security-policy"]
        or "default-src 'none'" in answer.headers["content-security-policy"]
    )
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_figures() -> None:
    service = fake_service()[0]

    async def conversation(client: httpx.AsyncClient) -> str:
        await client.post("/v1/predict", json={"texts": ["Mary", "in Rome"]})
        await client.get("/a-path-that-must-not-become-a-label")
        return (await client.get("/metrics")).text

    text = talk(conversation, service)
    assert 'adaseq_requests_total{path="/v1/predict",status="200"} 1' in text
    assert 'adaseq_requests_total{path="other",status="404"} 1' in text
    assert 'adaseq_texts_total{model="names"} 2' in text and 'adaseq_words_total{model="names"} 3' in text
    assert 'adaseq_batch_texts_bucket{model="names",le="2"} 1' in text
    assert 'adaseq_request_seconds_count{path="/v1/predict"} 1' in text
    assert "adaseq_requests_in_flight 1" in text and "adaseq_held_bytes 0" in text
    assert "must-not" not in text


def test_faults_of_ours_are_told_without_details() -> None:
    answer = post({"texts": ["poison"]})
    assert answer.status_code == 500
    assert answer.json() == {"error": {"code": "internal_error", "message": "the server failed; its log says why"}}


def test_too_much_at_once_is_refused() -> None:
    answer = post({"texts": ["a"]}, fake_service(Limits(max_held_bytes=3))[0])
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["retry-after"]) == (503, "busy", "1")
    answer = post({"texts": ["a"]}, fake_service(Limits(max_requests=0))[0])
    assert answer.status_code == 503


def test_an_answer_that_takes_too_long() -> None:
    service, predictor = fake_service(Limits(timeout=0.05))
    predictor.gate.clear()

    async def conversation(client: httpx.AsyncClient) -> httpx.Response:
        answer = await client.post("/v1/predict", json={"texts": ["a"]})
        predictor.gate.set()
        return answer

    answer = talk(conversation, service)
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")


def test_requests_at_the_same_time_share_batches() -> None:
    service, predictor = fake_service()
    predictor.gate.clear()

    async def conversation(client: httpx.AsyncClient) -> list[httpx.Response]:
        first = asyncio.create_task(client.post("/v1/predict", json={"texts": ["First"]}))
        await asyncio.to_thread(predictor.has_begun.wait, 30)
        others = [asyncio.create_task(client.post("/v1/predict", json={"texts": [f"Text{i}"]})) for i in range(20)]
        while service._batchers["names"].waiting < 20:
            await asyncio.sleep(0)
        predictor.gate.set()
        return list(await asyncio.gather(first, *others))

    answers = talk(conversation, service)
    found = [answer.json()["results"][0]["output"][0]["span"] for answer in answers]
    assert found == ["First", *(f"Text{i}" for i in range(20))]
    assert predictor.batches == [1, 20]


def test_a_predictor_of_a_task_with_more_input() -> None:
    service = Service(["relations"], Limits(), Metrics())
    from adaseq.serving.models import ServedModel

    service.add(ServedModel("relations", FakePredictor("relation-extraction"), "onnx"))  # type: ignore[arg-type]
    assert get("/v1/models", service).json()["models"][0]["extra_input"] == "entities"
