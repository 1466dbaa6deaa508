"""The methods of the protocol that are answered at once, as both bindings have them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from athena.dialects.a2a import push
from athena.dialects.a2a.errors import NoExtendedCard
from athena.dialects.a2a.schemas import (
    ConfigParams,
    ConfigsParams,
    GetParams,
    ListParams,
    NoParams,
    Params,
    PushConfig,
    SendParams,
    TaskParams,
)
from athena.dialects.a2a.service import A2AService, Taken

STREAM: Final = "SendStreamingMessage"
SUBSCRIBE: Final = "SubscribeToTask"


class Method(NamedTuple):
    """What a method takes, and who answers it. What the caller needs is checked there."""

    params: type[Params]
    answer: Callable[[A2AService, Any], Awaitable[Mapping[str, Any]]]


async def take(service: A2AService, given: SendParams) -> Taken:
    """Takes a message, with the wish to be told of its task."""
    taken = await service.take(given)
    if (config := given.configuration.task_push_notification_config) is not None:
        await push.put(service, taken.run_uuid, config)
    await service.session.commit()
    return taken


async def send(service: A2AService, given: SendParams) -> Mapping[str, Any]:
    """What a message came to: its task at the end, when it asks for input, or at once for who does not wait."""
    taken = await take(service, given)
    if not given.configuration.return_immediately:
        await service.settled(taken)
    return {"task": await service.shown(taken.run_uuid, given.configuration.history_length)}


async def no_card(_service: A2AService, _given: NoParams) -> Mapping[str, Any]:
    """None: the one card tells all."""
    raise NoExtendedCard("The agent has one card, at /.well-known/agent-card.json below its address.")


METHODS: Final[Mapping[str, Method]] = {
    "SendMessage": Method(SendParams, send),
    "GetTask": Method(GetParams, A2AService.get),
    "ListTasks": Method(ListParams, A2AService.listed),
    "CancelTask": Method(TaskParams, A2AService.cancel),
    "CreateTaskPushNotificationConfig": Method(PushConfig, push.create),
    "GetTaskPushNotificationConfig": Method(ConfigParams, push.get),
    "ListTaskPushNotificationConfigs": Method(ConfigsParams, push.listed),
    "DeleteTaskPushNotificationConfig": Method(ConfigParams, push.delete),
    "GetExtendedAgentCard": Method(NoParams, no_card),
}
"""Beside :data:`STREAM` and :data:`SUBSCRIBE`, which are answered by streams."""
