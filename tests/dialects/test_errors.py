"""Every failure is an error in OpenAI's form, which its client raises as the type that it has for it."""

from __future__ import annotations

from typing import Any

import openai as library
import pytest
from openai import AsyncOpenAI

from athena.dialects.openai.errors import told
from athena.kit.errors import Conflict
from tests.budgets.conftest import make_budget
from tests.conftest import MakeTenant, Tenant
from tests.dialects.conftest import HELLO, client_of, workflow
from tests.runs.conftest import Scene
from tests.runs.model_server import saying

BAD: list[tuple[dict[str, Any], str | None, str]] = [
    ({"seed": 7}, "seed", "unsupported_parameter"),
    ({"n": 2}, "n", "validation_failed"),
    ({"logit_bias": {"1": 1}}, "logit_bias", "unsupported_parameter"),
    ({"frequency_penalty": 1}, "frequency_penalty", "validation_failed"),
    ({"temperature": 3}, "temperature", "validation_failed"),
    ({"messages": []}, "messages", "validation_failed"),
    ({"messages": [{"role": "user"}]}, "messages[0].content", "validation_failed"),
    (
        {"messages": [{"role": "tool", "tool_call_id": "c", "content": "2"}]},
        "messages[0].tool_call_id",
        "validation_failed",
    ),
    ({"response_format": {"type": "xml"}}, "response_format", "validation_failed"),
]


@pytest.mark.parametrize(("fields", "param", "code"), BAD)
async def test_a_bad_request_names_its_parameter(owner: Tenant, fields: dict[str, Any], param: str, code: str) -> None:
    answer = await owner.post("/v1/chat/completions", {"model": "small", "messages": HELLO, **fields})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["param"], error["code"], error["type"]) == (param, code, "invalid_request_error")
    assert error["message"]


async def test_functions_of_the_caller_are_refused_for_agents(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    tool: Any = {"type": "function", "function": {"name": "add"}}
    with pytest.raises(library.BadRequestError) as caught:
        await openai.chat.completions.create(model=agent["uuid"], messages=HELLO, tools=[tool])
    assert caught.value.param == "tools"
    made = await workflow(scene.tenant)
    with pytest.raises(library.BadRequestError) as caught:
        await openai.chat.completions.create(model=made["uuid"], messages=HELLO, temperature=1)
    assert caught.value.param == "temperature"


async def test_who_is_unknown_or_may_not_is_told_so(scene: Scene, make_tenant: MakeTenant, server_url: str) -> None:
    agent = await scene.agent()
    scopes = ["large_language_models.view"]
    narrowed = await make_tenant(workspace_uuid=scene.tenant.workspace_uuid, scopes=scopes)
    async with client_of(narrowed, server_url) as client:
        with pytest.raises(library.PermissionDeniedError, match=r"agents\.run"):
            await client.chat.completions.create(model=agent["uuid"], messages=HELLO)
        with pytest.raises(library.PermissionDeniedError, match=r"prompts\.run"):
            await client.embeddings.create(model="any", input="text")
    only_agents = await make_tenant(workspace_uuid=scene.tenant.workspace_uuid, scopes=["agents.run"])
    made = await workflow(scene.tenant)
    async with client_of(only_agents, server_url) as client:
        assert (await client.chat.completions.create(model=agent["uuid"], messages=HELLO)).choices
        for name, missing in (("small", "prompts.run"), (made["uuid"], "workflows.run")):
            with pytest.raises(library.PermissionDeniedError, match=missing):
                await client.chat.completions.create(model=name, messages=HELLO)
    async with AsyncOpenAI(base_url=f"{server_url}/v1", api_key="sk-unknown", max_retries=0) as client:
        with pytest.raises(library.AuthenticationError) as caught:
            await client.models.list()
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id


async def test_a_spent_budget_is_a_quota_that_is_used_up(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    await make_budget(scene.tenant, limit_tokens=5)
    with pytest.raises(library.RateLimitError) as caught:
        await openai.chat.completions.create(model=agent["uuid"], messages=HELLO)
    assert (caught.value.code, caught.value.type) == ("insufficient_quota", "insufficient_quota")
    assert caught.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("code", "repeated"), [("concurrent_change", True), ("already_exists", False)])
def test_clients_repeat_what_another_request_came_before(code: str, *, repeated: bool) -> None:
    answer = told(Conflict("Another change came first.", code=code), "/v1/responses", "1")
    assert (answer.status_code, "x-should-retry" in answer.headers) == (409, not repeated)


async def test_a_failing_provider_is_a_server_error(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent(output_schema={"type": "object", "required": ["a"]})
    scene.model.scripts = [saying("No."), saying("No."), saying("No.")]
    with pytest.raises(library.InternalServerError) as caught:
        await openai.chat.completions.create(model=agent["uuid"], messages=HELLO)
    assert (caught.value.status_code, caught.value.code) == (502, "invalid_structure")


async def test_whatever_goes_wrong_before_a_route_is_told_alike(owner: Tenant) -> None:
    for method, path, status, code in (
        ("GET", "/v1/nothing", 404, "route_not_found"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("GET", "/v1/models?limit=1", 400, "unsupported_parameter"),
        ("POST", "/v1/chat/completions", 400, "malformed_request"),
    ):
        content = {"content": b"{", "headers": {"content-type": "application/json"}} if method == "POST" else {}
        answer = await owner.request(method, path, **content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (await owner.get("/api/v1/nothing")).headers["content-type"] == "application/problem+json"


HOSTILE: list[Any] = [
    [],
    "text",
    {"model": "small\0", "messages": HELLO},
    {"model": "' OR 1=1 --", "messages": HELLO},
    {"model": "%", "messages": HELLO},
    {"model": "small", "messages": [{"role": "user", "content": ""}], "max_tokens": 2**63},
    {"model": "small", "messages": [{"role": "system", "content": "Only this."}]},
    {"model": "small", "messages": [{"role": "assistant", "content": None}]},
    {"model": "small", "messages": HELLO, "response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
    {
        "model": "small",
        "messages": HELLO,
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "nothing"}}},
    },
    {
        "model": "small",
        "messages": HELLO,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "a", "schema": {"$ref": "http://127.0.0.1/schema"}},
        },
    },
    {"model": "small", "messages": HELLO, "tool_choice": {"type": "function", "function": {"name": "a"}}},
    {
        "model": "small",
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=x"}}],
            }
        ],
    },
    {
        "model": "small",
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}
        ],
    },
    {
        "model": "small",
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/a"}}]}],
    },
    {"model": "small", "messages": HELLO, "metadata": {"thread_uuid": "7"}},
    {"model": "small", "messages": HELLO, "metadata": {"thread_uuid": "01980000-0000-7000-8000-000000000000"}},
]


@pytest.mark.parametrize("body", HOSTILE)
async def test_nothing_that_is_sent_breaks_it(owner: Tenant, body: Any) -> None:
    answer = await owner.post("/v1/chat/completions", body)
    assert answer.status_code in {400, 404}, answer.text
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def test_json_that_is_nested_too_deep_is_refused(owner: Tenant) -> None:
    takes_lists = {"id": "t", "type": "manual_trigger", "data": {"input_schema": {"type": "array"}}}
    made = await workflow(owner, nodes=[takes_lists], edges=[])
    for depth, status in ((60, 200), (300, 400)):
        message = {"role": "user", "content": "[" * depth + "]" * depth}
        answer = await owner.post("/v1/chat/completions", {"model": made["uuid"], "messages": [message]})
        assert answer.status_code == status, answer.text
    parameters: dict[str, Any] = {}
    for _ in range(100):
        parameters = {"a": parameters}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    asked = {"model": "small", "messages": HELLO, "tools": [tool]}
    assert (await owner.post("/v1/chat/completions", asked)).status_code == 400
