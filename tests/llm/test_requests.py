"""What is sent: the vendors' own SDKs, given the same conversation, are the oracle."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import anthropic
import openai
import pytest
from aiohttp import web
from google import genai
from google.genai import types as google_types

from athena.llm import anthropic as anthropic_dialect
from athena.llm import google as google_dialect
from athena.llm import openai_chat, openai_responses
from athena.llm.dialect import Adapter, HttpCall
from athena.llm.types import (
    Dialect,
    ImagePart,
    Message,
    ModelEndpoint,
    ModelRequest,
    NamedTool,
    TextPart,
    ToolCall,
    ToolSpec,
)

PNG = b"\x89PNG\r\n\x1a\n some bytes"
PNG64 = "iVBORw0KGgogc29tZSBieXRlcw=="
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
ARGUMENTS = '{"city":"Oslo"}'
REQUEST = ModelRequest(
    model="some-model",
    system="Be brief.",
    messages=(
        Message("user", (TextPart("What is this?"), ImagePart("image/png", PNG))),
        Message("assistant", "I shall look.", tool_calls=(ToolCall("call_1", "weather", ARGUMENTS),)),
        Message("tool", "cold", tool_call_id="call_1"),
        Message("assistant", "It is cold."),
        Message("user", "Thanks."),
    ),
    temperature=0.5,
    top_p=0.9,
    max_tokens=100,
    tools=(ToolSpec("weather", "Tells the weather", SCHEMA),),
    tool_choice=NamedTool("weather"),
    stream=False,
)


CHAT_TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "Tells the weather", "parameters": SCHEMA},
}
GOOGLE_TOOL = google_types.FunctionDeclaration(
    name="weather", description="Tells the weather", parameters_json_schema=SCHEMA
)


class Seen:
    path: str
    body: Any
    headers: dict[str, str]


@asynccontextmanager
async def capturing() -> AsyncGenerator[tuple[str, Seen]]:
    seen = Seen()

    async def handler(request: web.BaseRequest) -> web.Response:
        seen.path = request.path
        seen.body = json.loads(await request.read())
        seen.headers = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(status=400, text="{}")

    runner = web.ServerRunner(web.Server(cast("Any", handler)), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


def camel(value: Any) -> Any:
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {re.sub(r"_(.)", lambda found: found[1].upper(), name): camel(item) for name, item in value.items()}


def ours(adapter: Adapter, dialect: Dialect, base: str, request: ModelRequest = REQUEST) -> tuple[HttpCall, Any]:
    made = adapter.call(ModelEndpoint(dialect, base), request)
    assert made.body is not None
    return made, json.loads(made.body)


async def captured(send: Callable[[str], Awaitable[object]], *errors: type[Exception]) -> tuple[str, Seen]:
    async with capturing() as (url, seen):
        with suppress(*errors):
            await send(url)
        return url, seen


async def test_chat_completions_are_asked_for_as_openai_does() -> None:
    async def send(url: str) -> None:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as sdk:
            await sdk.chat.completions.create(
                model="some-model",
                messages=cast(
                    "Any",
                    [
                        {"role": "system", "content": "Be brief."},
                        {
                            "role": "user",
                            "content": [
                                {"type": "text", "text": "What is this?"},
                                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG64}"}},
                            ],
                        },
                        {
                            "role": "assistant",
                            "content": "I shall look.",
                            "tool_calls": [
                                {
                                    "id": "call_1",
                                    "type": "function",
                                    "function": {"name": "weather", "arguments": ARGUMENTS},
                                }
                            ],
                        },
                        {"role": "tool", "tool_call_id": "call_1", "content": "cold"},
                        {"role": "assistant", "content": "It is cold."},
                        {"role": "user", "content": "Thanks."},
                    ],
                ),
                temperature=0.5,
                top_p=0.9,
                max_tokens=100,
                stream=False,
                tools=[cast("Any", CHAT_TOOL)],
                tool_choice={"type": "function", "function": {"name": "weather"}},
            )

    url, seen = await captured(send, openai.BadRequestError)
    made, body = ours(openai_chat, Dialect.OPENAI_CHAT, f"{url}/v1")
    assert made.url == url + seen.path
    assert body == seen.body


async def test_responses_are_asked_for_as_openai_does() -> None:
    async def send(url: str) -> None:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as sdk:
            await sdk.responses.create(
                model="some-model",
                instructions="Be brief.",
                store=False,
                stream=False,
                input=cast(
                    "Any",
                    [
                        {
                            "role": "user",
                            "content": [
                                {"type": "input_text", "text": "What is this?"},
                                {
                                    "type": "input_image",
                                    "image_url": f"data:image/png;base64,{PNG64}",
                                    "detail": "auto",
                                },
                            ],
                        },
                        {"role": "assistant", "content": "I shall look."},
                        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ARGUMENTS},
                        {"type": "function_call_output", "call_id": "call_1", "output": "cold"},
                        {"role": "assistant", "content": "It is cold."},
                        {"role": "user", "content": "Thanks."},
                    ],
                ),
                temperature=0.5,
                top_p=0.9,
                max_output_tokens=100,
                tools=[
                    {
                        "type": "function",
                        "name": "weather",
                        "description": "Tells the weather",
                        "parameters": cast("Any", SCHEMA),
                        "strict": False,
                    }
                ],
                tool_choice={"type": "function", "name": "weather"},
            )

    url, seen = await captured(send, openai.BadRequestError)
    made, body = ours(openai_responses, Dialect.OPENAI_RESPONSES, f"{url}/v1")
    assert made.url == url + seen.path
    assert body == seen.body


async def test_messages_are_asked_for_as_anthropic_does() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG64}}

    async def send(url: str) -> None:
        async with anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0) as sdk:
            await sdk.messages.create(
                model="some-model",
                system="Be brief.",
                messages=cast(
                    "Any",
                    [
                        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]},
                        {
                            "role": "assistant",
                            "content": [
                                {"type": "text", "text": "I shall look."},
                                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Oslo"}},
                            ],
                        },
                        {
                            "role": "user",
                            "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "cold"}],
                        },
                        {"role": "assistant", "content": [{"type": "text", "text": "It is cold."}]},
                        {"role": "user", "content": [{"type": "text", "text": "Thanks."}]},
                    ],
                ),
                max_tokens=100,
                # The API takes them of models before the fifth generation; the SDK has no arguments for them any more.
                extra_body={"temperature": 0.5, "top_p": 0.9},
                tools=[{"name": "weather", "description": "Tells the weather", "input_schema": cast("Any", SCHEMA)}],
                tool_choice={"type": "tool", "name": "weather"},
            )

    url, seen = await captured(send, anthropic.BadRequestError)
    made, body = ours(anthropic_dialect, Dialect.ANTHROPIC, url)
    assert made.url == url + seen.path
    # The version that the SDK names would refuse every temperature, even for models that take one.
    assert (made.headers["anthropic-version"], seen.headers["anthropic-version"]) == ("2023-06-01", "2026-10-21")
    assert body == seen.body


async def test_content_is_asked_for_as_google_does() -> None:
    part = google_types.Part

    async def send(url: str) -> None:
        sdk = genai.Client(api_key="k", http_options=google_types.HttpOptions(base_url=url, api_version="v1beta"))
        call = google_types.FunctionCall(id="call_1", name="weather", args={"city": "Oslo"})
        result = google_types.FunctionResponse(id="call_1", name="weather", response={"output": "cold"})
        content = google_types.Content
        try:
            await asyncio.to_thread(
                sdk.models.generate_content,
                model="some-model",
                contents=[
                    content(
                        role="user",
                        parts=[part(text="What is this?"), part.from_bytes(data=PNG, mime_type="image/png")],
                    ),
                    content(role="model", parts=[part(text="I shall look."), part(function_call=call)]),
                    content(role="user", parts=[part(function_response=result)]),
                    content(role="model", parts=[part(text="It is cold.")]),
                    content(role="user", parts=[part(text="Thanks.")]),
                ],
                config=google_types.GenerateContentConfig(
                    system_instruction=content(parts=[part(text="Be brief.")]),
                    temperature=0.5,
                    top_p=0.9,
                    max_output_tokens=100,
                    tools=[google_types.Tool(function_declarations=[GOOGLE_TOOL])],
                    tool_config=google_types.ToolConfig(
                        function_calling_config=google_types.FunctionCallingConfig(
                            mode=google_types.FunctionCallingConfigMode.ANY, allowed_function_names=["weather"]
                        )
                    ),
                ),
            )
        finally:
            sdk.close()

    url, seen = await captured(send, genai.errors.ClientError)
    made, body = ours(google_dialect, Dialect.GOOGLE, f"{url}/v1beta")
    assert made.url == url + seen.path
    # Google reads fields in either spelling, and its SDK mixes them.
    assert body == camel(seen.body)


ADAPTERS: list[tuple[Adapter, Dialect]] = [
    (openai_chat, Dialect.OPENAI_CHAT),
    (openai_responses, Dialect.OPENAI_RESPONSES),
    (anthropic_dialect, Dialect.ANTHROPIC),
    (google_dialect, Dialect.GOOGLE),
]


@pytest.mark.parametrize(("adapter", "dialect"), ADAPTERS)
def test_extra_fields_are_added_but_replace_nothing_that_matters(adapter: Adapter, dialect: Dialect) -> None:
    extra = {"model": "other", "messages": [], "input": [], "contents": [], "stream": True, "seed": 7}
    request = ModelRequest(model="m", messages=(Message("user", "hi"),), extra=extra, stream=False)
    _, body = ours(adapter, dialect, "http://x", request)
    assert body["seed"] == 7
    assert body.get("model", "m") == "m"
    assert not body.get("stream")
    assert body.get("messages") or body.get("input") or body.get("contents")


@pytest.mark.parametrize(("adapter", "dialect"), ADAPTERS)
def test_what_a_dialect_kept_is_given_back_to_it_alone(adapter: Adapter, dialect: Dialect) -> None:
    kept = {"blocks": [{"type": "x"}], "items": [{"type": "x"}], "parts": [{"type": "x"}], "dialect": dialect.value}
    turn = Message("assistant", "text", opaque=kept)
    _, body = ours(adapter, dialect, "http://x", ModelRequest(model="m", messages=(Message("user", "hi"), turn)))
    other = Message("assistant", "text", opaque={**kept, "dialect": "another"})
    _, plain = ours(adapter, dialect, "http://x", ModelRequest(model="m", messages=(Message("user", "hi"), other)))
    assert ('"type": "x"' in json.dumps(body)) is (dialect is not Dialect.OPENAI_CHAT)
    assert '"type": "x"' not in json.dumps(plain)


def test_only_openai_itself_gets_its_new_name_for_the_limit_and_only_mistral_no_stream_options() -> None:
    request = ModelRequest(model="m", messages=(Message("user", "hi"),), max_tokens=5)
    for base, limit, options in (
        ("https://api.openai.com/v1", "max_completion_tokens", True),
        ("https://api.mistral.ai/v1", "max_tokens", False),
        ("http://localhost:11434/v1", "max_tokens", True),
    ):
        _, body = ours(openai_chat, Dialect.OPENAI_CHAT, base, request)
        assert body[limit] == 5
        assert ("stream_options" in body) is options


def test_a_schema_is_strict_only_if_it_can_be() -> None:
    loose = {"type": "object", "properties": {"a": {"type": "string"}}}
    for schema, strict in ((SCHEMA, True), (loose, False), ({**SCHEMA, "properties": {"city": loose}}, False)):
        request = ModelRequest(model="m", messages=(Message("user", "hi"),), response_schema=schema)
        _, body = ours(openai_chat, Dialect.OPENAI_CHAT, "http://x", request)
        assert body["response_format"]["json_schema"]["strict"] is strict


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-3-5-haiku-latest", True),
        ("claude-sonnet-4-20250514", True),
        ("claude-opus-4-6", True),
        ("claude-opus-4-7", False),
        ("claude-opus-4-8-20260601", False),
        ("claude-sonnet-5", False),
        ("claude-haiku-5-5", False),
    ],
)
def test_models_that_refuse_a_temperature_get_none(model: str, sent: bool) -> None:
    request = ModelRequest(model=model, messages=(Message("user", "hi"),), temperature=0.5, top_p=0.5)
    _, body = ours(anthropic_dialect, Dialect.ANTHROPIC, "http://x", request)
    assert ("temperature" in body) is ("top_p" in body) is sent
