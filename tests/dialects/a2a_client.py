"""The official client of A2A, at the real server, in both bindings."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from a2a.client import Client, ClientConfig, ClientFactory
from a2a.client.card_resolver import A2ACardResolver
from a2a.types import AgentCard, Message, Part, Role, SendMessageConfiguration, SendMessageRequest, StreamResponse, Task
from google.protobuf.json_format import MessageToDict

from tests.conftest import Tenant

BINDINGS = ("JSONRPC", "HTTP+JSON")
V1 = {"A2A-Version": "1.0"}
_numbers = itertools.count(1)


@asynccontextmanager
async def client_of(
    tenant: Tenant, server_url: str, agent: str, binding: str = "JSONRPC", *, streaming: bool = False
) -> AsyncGenerator[Client]:
    """The client of an agent's card, with a tenant's token; the card's addresses are those of the test's server."""
    async with httpx.AsyncClient(headers=tenant.headers, timeout=20) as http:
        card: AgentCard = await A2ACardResolver(http, f"{server_url}/a2a/{agent}").get_agent_card()
        for each in card.supported_interfaces:
            each.url = each.url.replace("http://athena.test", server_url)
        config = ClientConfig(httpx_client=http, streaming=streaming, supported_protocol_bindings=[binding])
        async with ClientFactory(config).create(card) as client:
            yield client


def message(*parts: Any, **fields: Any) -> Message:
    """What a user says: texts, or parts."""
    found = [Part(text=each) if isinstance(each, str) else each for each in parts]
    return Message(message_id=f"m-{next(_numbers)}", role=Role.ROLE_USER, parts=found, **fields)


async def send(client: Client, *parts: Any, config: dict[str, Any] | None = None, **fields: Any) -> Task:
    """The task that a message came to."""
    told = await updates(client, *parts, config=config, **fields)
    return told[-1].task


async def updates(
    client: Client, *parts: Any, config: dict[str, Any] | None = None, **fields: Any
) -> list[StreamResponse]:
    """All that is told of a message."""
    configuration = SendMessageConfiguration(**(config or {}))
    request = SendMessageRequest(message=message(*parts, **fields), configuration=configuration)
    async with asyncio.timeout(20):
        return [each async for each in client.send_message(request)]


def text_of(task: Task) -> str:
    """The task's answer."""
    return "".join(part.text for artifact in task.artifacts for part in artifact.parts)


def folded(told: list[StreamResponse]) -> str:
    """The answer, as a client puts it together from a stream."""
    pieces: list[str] = []
    for each in told:
        if each.HasField("artifact_update"):
            update = each.artifact_update
            if not update.append:
                pieces.clear()
            pieces += [part.text for part in update.artifact.parts]
    return "".join(pieces)


def states(told: list[StreamResponse]) -> list[str]:
    """What the task's states were, without repeats."""
    found = [MessageToDict(each.status_update.status)["state"] for each in told if each.HasField("status_update")]
    return [state for state, _ in itertools.groupby(found)]


def rpc(method: str, params: Any, number: Any = 1) -> dict[str, Any]:
    """A message of the binding to JSON-RPC."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def saying(text: str, **fields: Any) -> dict[str, Any]:
    """The parameters of a message."""
    said = {"messageId": f"m-{next(_numbers)}", "role": "ROLE_USER", "parts": [{"text": text}], **fields}
    return {"message": said}
