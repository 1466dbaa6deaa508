"""Nodes that ask a model: `model_call`, `extract` and `classify`."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from athena.llm.structured import parse
from athena.node_types.base import Port
from athena.node_types.registry import node_types
from tests.conftest import Connect, Tenant
from tests.node_types.conftest import Bench, problems
from tests.runs.model_server import ModelServer, failing, saying

Asking = dict[str, Any]
TOTAL = {
    "type": "object",
    "properties": {"total": {"type": "number"}, "due": {"type": "string", "format": "date"}},
    "required": ["total"],
    "additionalProperties": False,
}


def schema_of(body: dict[str, Any]) -> Any:
    return body.get("response_format", {}).get("json_schema", {}).get("schema")


# -- model_call -----------------------------------------------------------------------------------------------------


async def test_a_model_answers_a_prompt(bench: Bench, asking: Asking, model: ModelServer) -> None:
    model.scripts = [saying("Four", ".", usage={"prompt_tokens": 20, "completion_tokens": 2})]
    data = {
        **asking,
        "prompt": "Add {{ input.a }} and 2.",
        "system_prompt": "Be short.",
        "temperature": 1,
        "max_tokens": 50,
    }
    result = await bench.perform("model_call", data, given={"a": 2})
    assert result.outputs["output"] == {"text": "Four.", "json": None, "model": "small", "finish_reason": "stop"}
    assert model.asked == [("system", "Be short."), ("user", "Add 2 and 2.")]
    assert (model.requests[0]["temperature"], model.requests[0]["max_tokens"]) == (1.0, 50)
    assert model.headers[0]["Authorization"] == "Bearer sk-canary-0123456789"
    assert result.usage is not None
    assert (result.usage.input_tokens, result.usage.output_tokens) == (20, 2)


async def test_a_model_answers_a_conversation(bench: Bench, asking: Asking, model: ModelServer) -> None:
    said = [("user", "Hi"), ("assistant", "Hello"), ("user", '{"n":1}')]
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "{{ input }}"},
    ]
    await bench.perform("model_call", {**asking, "messages": messages}, given={"n": 1})
    assert model.asked == said


async def test_a_model_answers_with_json_that_fits(bench: Bench, asking: Asking, model: ModelServer) -> None:
    model.scripts = [saying('```json\n{"total": 9.5}\n```')]
    data = {**asking, "prompt": "How much?", "response_format": "json", "json_schema": TOTAL}
    result = await bench.perform("model_call", data)
    assert result.outputs["output"]["json"] == {"total": 9.5}
    assert schema_of(model.requests[0]) == TOTAL
    assert '"total"' in model.asked[0][1]


async def test_json_of_any_shape(bench: Bench, asking: Asking, model: ModelServer) -> None:
    model.scripts = [saying("[1, 2]")]
    result = await bench.perform("model_call", {**asking, "prompt": "Count.", "response_format": "json"})
    assert result.outputs["output"]["json"] == [1, 2]
    assert schema_of(model.requests[0]) is None


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [(401, "authentication", False), (429, "rate_limited", True), (500, "server_error", True)],
)
async def test_a_provider_s_refusal_is_the_node_s_failure(
    bench: Bench, asking: Asking, model: ModelServer, status: int, code: str, retryable: bool
) -> None:
    model.scripts = [failing(status, "no sk-canary-0123456789", {"Retry-After": "9"})]
    error = await bench.failure("model_call", {**asking, "prompt": "Hi"})
    assert (error.code, error.retryable, error.details["status"]) == (code, retryable, status)
    assert error.details["retry_after"] == 9.0
    assert "canary" not in str(error.error)


async def test_a_model_that_does_not_answer_is_given_up_in_time(
    bench: Bench, asking: Asking, model: ModelServer
) -> None:
    async def silent(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        return response

    model.scripts = [silent]
    error = await bench.failure("model_call", {**asking, "prompt": "Hi"}, seconds=0.1)
    assert error.code in {"timeout", "connection"}
    assert error.retryable


async def test_the_model_and_the_account_must_be_the_workspace_s(
    bench: Bench, stranger: Tenant, connect: Connect, model: ModelServer
) -> None:
    foreign = str(await connect(stranger, model.url))
    error = await bench.failure("model_call", {"model": "small", "account_uuid": foreign, "prompt": "Hi"})
    assert error.code == "not_found"
    assert (await bench.failure("model_call", {"model": "unheard-of", "prompt": "Hi"})).code == "model_unavailable"
    assert model.requests == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"prompt": "a", "messages": [{"role": "user", "content": "b"}]},
        {"messages": [{"role": "assistant", "content": "b"}]},
        {"prompt": "a", "json_schema": {}},
    ],
)
def test_a_call_asks_one_thing(data: dict[str, Any]) -> None:
    assert [path for path, _ in problems("model_call", data)] == ["data"]


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"$ref": "http://127.0.0.1:1/schema"}, {"$ref": "file:///etc/passwd"}]
)
def test_a_schema_is_checked_when_it_is_saved_and_leads_nowhere_else(schema: dict[str, Any]) -> None:
    data = {"prompt": "a", "response_format": "json", "json_schema": schema}
    [(path, message)] = problems("model_call", data)
    assert (path, message.startswith("This is no JSON Schema: ")) == ("data.json_schema", True)
    assert [path for path, _ in problems("extract", {"text": "a", "json_schema": schema})] == ["data.json_schema"]


# -- extract --------------------------------------------------------------------------------------------------------


def extract(asking: Asking, **more: Any) -> dict[str, Any]:
    return {**asking, "text": "{{ input }}", "json_schema": TOTAL, **more}


async def test_data_are_found_in_a_text(bench: Bench, asking: Asking, model: ModelServer) -> None:
    model.scripts = [saying('{"total": 12, "due": "2026-03-01"}')]
    result = await bench.perform("extract", extract(asking, instructions="In euros."), given="Pay 12 by March 1st.")
    assert result.outputs["output"] == {"total": 12, "due": "2026-03-01"}
    (_, system), user = model.asked
    assert user == ("user", "Pay 12 by March 1st.")
    assert "In euros." in system
    assert result.details == {"model": "small", "repairs": 0}


async def test_a_wrong_answer_is_shown_to_the_model_with_what_is_wrong(
    bench: Bench, asking: Asking, model: ModelServer
) -> None:
    model.scripts = [saying("I think it is 12."), saying('{"total": "12", "due": "soon"}'), saying('{"total": 12}')]
    result = await bench.perform("extract", extract(asking), given="Pay 12.")
    assert (result.outputs["output"], result.details["repairs"]) == ({"total": 12}, 2)
    assert [role for role, _ in model.asked] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "It is no JSON." in model.asked[3][1]
    assert '/total: "12" is not of type "number"' in model.asked[5][1]
    assert "/due:" in model.asked[5][1]
    assert result.usage is not None
    assert result.usage.input_tokens == 21


async def test_a_model_that_never_fits_is_given_up(bench: Bench, asking: Asking, model: ModelServer) -> None:
    model.scripts = [saying("no")] * 3
    error = await bench.failure("extract", extract(asking, max_repairs=1), given="Pay 12.")
    assert (error.code, error.details["problems"], error.details["answer"]) == (
        "invalid_structure",
        ["It is no JSON."],
        "no",
    )
    assert len(model.requests) == 2
    assert error.usage is not None
    assert error.usage.output_tokens == 6


async def test_an_answer_that_is_cut_off_is_not_asked_for_again(
    bench: Bench, asking: Asking, model: ModelServer
) -> None:
    async def cut(_: web.Request, __: dict[str, Any]) -> web.StreamResponse:
        message = {"role": "assistant", "content": '{"total":'}
        return web.json_response({"choices": [{"index": 0, "message": message, "finish_reason": "length"}]})

    model.scripts = [cut]
    error = await bench.failure("extract", extract(asking, max_tokens=3), given="Pay 12.")
    assert error.code == "answer_cut_off"
    assert len(model.requests) == 1


async def test_a_provider_that_knows_no_schemas_is_asked_in_words_alone(
    bench: Bench, asking: Asking, model: ModelServer
) -> None:
    model.scripts = [failing(400, "response_format is not supported"), saying("{}"), saying('{"total": 1}')]
    result = await bench.perform("extract", extract(asking), given="Pay 1.")
    assert result.outputs["output"] == {"total": 1}
    assert [schema_of(body) for body in model.requests] == [TOTAL, None, None]


async def test_a_provider_that_fails_in_the_middle_fails_the_node(
    bench: Bench, asking: Asking, model: ModelServer
) -> None:
    model.scripts = [saying("no"), failing(503)]
    error = await bench.failure("extract", extract(asking), given="Pay 12.")
    assert (error.code, error.retryable) == ("overloaded", True)
    assert error.usage is not None
    assert error.usage.output_tokens == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("null", None),
        (' ```\n["a"]\n``` ', ["a"]),
        ('Sure!\n```json\n{"a": "```"}\n```', {"a": "```"}),
        ('Here: {"a": {"b": [1]}} - done [1]', {"a": {"b": [1]}}),
        ("The list is [1, 2].", [1, 2]),
        ("<think>{maybe}</think>\n```json\n{}\n```", {}),
    ],
)
def test_json_is_found_in_what_a_model_says(text: str, value: Any) -> None:
    assert parse(text) == value


@given(st.text(max_size=60))
def test_no_answer_is_too_strange_to_be_refused(text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        assert str(error) == "no JSON"  # noqa: PT017 - either outcome is fine, nothing else is


# -- classify -------------------------------------------------------------------------------------------------------

CATEGORIES = [{"name": "complaint", "description": "Something broke."}, {"name": "praise"}]


def classify(asking: Asking, **more: Any) -> dict[str, Any]:
    return {**asking, "text": "{{ input.text }}", "categories": CATEGORIES, **more}


@pytest.mark.parametrize(("chosen", "port"), [("praise", "praise"), ("other", "other")])
async def test_a_text_goes_on_by_its_category(
    bench: Bench, asking: Asking, model: ModelServer, chosen: str, port: str
) -> None:
    model.scripts = [saying(f'{{"category": "{chosen}"}}')]
    result = await bench.perform("classify", classify(asking), given={"text": "It is great"})
    value = {"category": chosen, "categories": [chosen] if chosen != "other" else [], "input": {"text": "It is great"}}
    assert dict(result.outputs) == {port: value}
    assert "- complaint: Something broke.\n- praise" in model.asked[0][1]
    assert schema_of(model.requests[0])["properties"]["category"]["enum"] == ["complaint", "praise", "other"]


@pytest.mark.parametrize(
    ("chosen", "ports"),
    [('["praise", "complaint"]', ["complaint", "praise"]), ("[]", ["other"]), ('["other"]', ["other"])],
)
async def test_a_text_may_be_of_several_categories(
    bench: Bench, asking: Asking, model: ModelServer, chosen: str, ports: list[str]
) -> None:
    model.scripts = [saying(f'{{"categories": {chosen}}}')]
    result = await bench.perform("classify", classify(asking, multiple=True), given={"text": "Both"})
    assert list(result.outputs) == ports


async def test_a_category_that_there_is_not_is_asked_about_once_more(
    bench: Bench, asking: Asking, model: ModelServer
) -> None:
    model.scripts = [saying('{"category": "Praise!"}'), saying('{"category": "praise"}')]
    result = await bench.perform("classify", classify(asking), given={"text": "Nice"})
    assert list(result.outputs) == ["praise"]
    model.scripts = [saying('{"category": "no"}')] * 2
    assert (await bench.failure("classify", classify(asking), given={"text": "?"})).code == "invalid_structure"


def test_each_category_has_a_port() -> None:
    kind = node_types()["classify"]
    assert [port.name for port in kind.output_ports({"categories": CATEGORIES})] == ["complaint", "praise", "other"]
    for broken in ({}, {"categories": "x"}, {"categories": [None, {"name": 5}, {"name": ""}]}):
        assert kind.output_ports(broken) == (Port("other", "Other", "What fits none of the categories."),)


@pytest.mark.parametrize("names", [["a", "A"], ["other"], ["error"], ["a/b"], [""], []])
def test_categories_can_be_told_apart_and_are_no_other_port(names: list[str]) -> None:
    data = {"text": "a", "categories": [{"name": name} for name in names]}
    assert problems("classify", data)[0][0].startswith("data.categories")
