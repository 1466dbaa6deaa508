"""Front ends that speak AG-UI: requests and events by the protocol's own types, and its rules of order."""

from __future__ import annotations

import itertools
import json
from typing import Any

from ag_ui.core import Event, EventType, RunAgentInput, UserMessage
from pydantic import TypeAdapter

from tests.conftest import Tenant

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
_numbers = itertools.count(1)
ENDS = {EventType.RUN_FINISHED, EventType.RUN_ERROR}


def asking(*said: Any, **fields: Any) -> dict[str, Any]:
    """A request: texts of the user's, or messages."""
    number = next(_numbers)
    messages = [UserMessage(id=f"u{number}", content=each) if isinstance(each, str) else each for each in said]
    given: dict[str, Any] = {"thread_id": f"thread-{number}", "run_id": f"run-{number}", **fields}
    told = RunAgentInput(messages=messages, protocol_version="1.0", **given)
    return json.loads(told.model_dump_json(by_alias=True))


async def run(tenant: Tenant, name: str, body: dict[str, Any], **headers: str) -> list[Any]:
    """The events of a run, checked."""
    answer = await tenant.post(f"/ag-ui/{name}", body, headers=headers)
    assert answer.status_code == 200, answer.text
    events = decoded(answer.text)
    check(events)
    assert events[0].thread_id == body["threadId"]
    assert events[0].run_id == body["runId"]
    return events


def decoded(text: str) -> list[Any]:
    """What a stream holds, each read by the protocol's own type."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    events = [EVENT.validate_json(line) for line in lines]
    unknown = [event for event in events if event.model_extra]
    assert not unknown
    return events


def check(events: list[Any]) -> None:
    """The rules by which the protocol's client refuses a stream."""
    assert events[0].type == EventType.RUN_STARTED
    assert [event.type for event in events if event.type in ENDS] == [events[-1].type]
    opened: dict[str, str] = {}
    seen: set[str] = set()
    for event in events[1:]:
        name = getattr(event, "message_id", None) or getattr(event, "tool_call_id", "")
        match event.type:
            case EventType.TEXT_MESSAGE_START | EventType.TOOL_CALL_START:
                assert name not in seen
                assert not opened
                seen.add(name)
                opened[name] = event.type
            case EventType.TEXT_MESSAGE_CONTENT | EventType.TOOL_CALL_ARGS:
                assert name in opened
                assert event.delta
            case EventType.TEXT_MESSAGE_END | EventType.TOOL_CALL_END:
                del opened[name]
            case EventType.TOOL_CALL_RESULT:
                assert event.tool_call_id not in opened
            case _:
                pass
        assert event.timestamp or event.type in {EventType.STATE_SNAPSHOT, EventType.MESSAGES_SNAPSHOT} | ENDS
    assert not opened


def text_of(events: list[Any]) -> str:
    """What the agent said."""
    return "".join(event.delta for event in events if event.type == EventType.TEXT_MESSAGE_CONTENT)


def kinds(events: list[Any]) -> list[str]:
    """What they are, without repeats."""
    return [kind.value for kind, _ in itertools.groupby(event.type for event in events)]
