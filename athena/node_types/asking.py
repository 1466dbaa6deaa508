"""Asking a model: where it is served, and what its answers took."""

from __future__ import annotations

import dataclasses
from uuid import UUID

from athena.accounts.service import Connections
from athena.large_language_models.service import ResolvedModel, resolve
from athena.large_language_models.usage import cost_of, used
from athena.llm.types import Completed, ModelRequest
from athena.node_types.base import EffectCall, Usage
from athena.node_types.failures import in_transaction


class Model:
    """A model that a node asks, once or several times. :meth:`found` makes one."""

    def __init__(self, connections: Connections, resolved: ResolvedModel, seconds: float) -> None:
        self.name = resolved.model_id
        self.usage = Usage()
        """What all answers so far took."""
        self._connections = connections
        self._resolved = resolved
        timeout = min(resolved.endpoint.timeout, seconds)
        self._endpoint = dataclasses.replace(resolved.endpoint, timeout=timeout)

    @classmethod
    async def found(cls, call: EffectCall, name: str | None, account_uuid: UUID | None) -> Model:
        """The model of this name, as the workspace's accounts offer it; :class:`NodeFailed` when none does."""
        connections = call.database.provided(Connections)
        workspace_uuid = call.access.workspace_uuid
        resolved = await in_transaction(
            call,
            lambda session: resolve(session, connections, workspace_uuid, model=name, account_uuid=account_uuid),
        )
        return cls(connections, resolved, call.seconds)

    async def ask(self, request: ModelRequest) -> Completed:
        """The model's answer; :class:`athena.llm.errors.ModelError` when there is none."""
        completed = await self._connections.models.complete(self._endpoint, request)
        usage, _ = used(request, completed)
        cost = await cost_of(self._resolved, usage)
        self.usage += Usage(usage.input_tokens, usage.output_tokens, float(cost or 0))
        return completed
