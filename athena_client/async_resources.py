"""The resources, in the API's words. Fields and filters are the API's own; ``with_`` stands for ``with``.

Made by `python -m scripts.client`; not to be edited.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from athena_client import models
from athena_client.calls import RUN_SECONDS, at, fields

if TYPE_CHECKING:
    from athena_client.async_client import AsyncAthena, AsyncStream

T = TypeVar("T")
PAGE = 100


class AsyncReadable(Generic[T]):
    """What can be listed and looked at."""

    def __init__(self, client: AsyncAthena, path: str) -> None:
        self._client = client
        self._path = path

    async def list(self, /, *, limit: int | None = None, cursor: str | None = "", **filters: Any) -> AsyncIterator[T]:
        """All of them, page by page as they are needed; at most ``limit``. Nothing is skipped when rows are added.

        ``cursor`` is where to begin, as a page of the API tells it.
        """
        left = limit
        while cursor is not None and left != 0:
            length = PAGE if left is None else min(PAGE, left)
            page = await self._client.request(
                "GET", self._path, query={"cursor": cursor, "per_page": length, **fields(filters)}
            )
            for row in page["data"][:left]:
                yield cast("T", row)
            left = None if left is None else left - len(page["data"][:left])
            cursor = page["meta"]["next_cursor"]

    async def get(self, uuid: str, **query: Any) -> T:
        """One of them."""
        return cast("T", await self._data("GET", at(uuid), query=fields(query)))

    async def _data(self, method: str, path: str, **options: Any) -> Any:
        answer = await self._client.request(method, f"{self._path}{path}", **options)
        return answer["data"] if answer else None


class AsyncDeletable(AsyncReadable[T]):
    """What can also be deleted."""

    async def delete(self, uuid: str) -> None:
        """Deletes one."""
        await self._data("DELETE", at(uuid))


class AsyncCreatable(AsyncDeletable[T]):
    """What can also be created."""

    async def create(self, **given: Any) -> T:
        """Creates one; repeated after a lost answer, it is still one."""
        return cast("T", await self._data("POST", "", body=fields(given)))


class AsyncCollection(AsyncCreatable[T]):
    """What can be listed, read, created, changed and deleted."""

    async def update(self, uuid: str, **given: Any) -> T:
        """Changes the fields that are given, and leaves the others."""
        return cast("T", await self._data("PUT", at(uuid), body=fields(given)))


class AsyncRunnable(AsyncCollection[T]):
    """What can be run: agents, threads, prompts."""

    async def run(self, uuid: str, *, timeout: float = RUN_SECONDS, **given: Any) -> models.Run:
        """Runs it and waits for the end; with ``background=True`` for the start alone."""
        return cast("models.Run", await self._data("POST", at(uuid, "/run"), body=fields(given), timeout=timeout))

    def stream(self, uuid: str, **given: Any) -> AsyncStream:
        """Runs it, and gives its events as they come."""
        return self._client.stream(f"{self._path}{at(uuid, '/run')}", fields(given))


class AsyncAgents(AsyncRunnable[models.Agent]):
    """Agents."""

    async def generate(self, description: str, **given: Any) -> Any:
        """An agent from its description; ``save=True`` creates it."""
        return await self._data(
            "POST", "/generate", body={"description": description, **fields(given)}, timeout=RUN_SECONDS
        )


class AsyncWorkflows(AsyncCollection[models.Workflow]):
    """Workflows."""

    async def run(self, uuid: str, input: Any = None, *, timeout: float = RUN_SECONDS, **given: Any) -> Any:  # noqa: A002
        """Runs it and waits for the end; with ``background=True`` for the start alone. The run is the ``data``."""
        body = {"input": input, **fields(given)}
        return await self._client.request("POST", f"{self._path}{at(uuid, '/run')}", body=body, timeout=timeout)

    def stream(self, uuid: str, input: Any = None, **given: Any) -> AsyncStream:  # noqa: A002 - the API's word
        """Runs it, and gives its events as they come."""
        return self._client.stream(f"{self._path}{at(uuid, '/run')}", {"input": input, **fields(given)})


class AsyncExecutions(AsyncDeletable[models.WorkflowExecution]):
    """Executions of workflows; each has its run's uuid."""

    async def counts(self, **filters: Any) -> dict[str, Any]:
        """How many there are, by status."""
        return cast("dict[str, Any]", await self._data("GET", "/counts", query=fields(filters)))

    async def cancel(self, uuid: str) -> models.WorkflowExecution:
        """Stops one; what its nodes did is kept."""
        return cast("models.WorkflowExecution", await self._data("POST", at(uuid, "/cancel")))

    async def retry(self, uuid: str, **given: Any) -> Any:
        """Does again what was not done, as a new execution in the background."""
        return await self._data("POST", at(uuid, "/retry"), body={"background": True, **fields(given)})


class AsyncRuns(AsyncReadable[models.Run]):
    """Runs of whatever kind."""

    def events(self, uuid: str, after: int = 0) -> AsyncStream:
        """A run's events, behind the id ``after``, to its end."""
        return self._client.events(uuid, after)

    async def cancel(self, uuid: str) -> models.Run:
        """Stops one; what was said so far is kept."""
        return cast("models.Run", await self._data("POST", at(uuid, "/cancel")))


class AsyncApprovals(AsyncReadable[models.Approval]):
    """What waits for a human."""

    async def answer(self, uuid: str, decision: str | None = None, **given: Any) -> models.Approval:
        """Answers one: ``approved`` or ``refused``; a form with its ``values`` alone."""
        body = fields(given) if decision is None else {"decision": decision, **fields(given)}
        return cast("models.Approval", await self._data("POST", at(uuid, "/answer"), body=body))


class AsyncMedia(AsyncDeletable[models.Media]):
    """Files."""

    async def upload(self, path: str | Path) -> models.Media:
        """Uploads one file."""
        file = Path(path)
        return cast(
            "models.Media",
            await self._data("POST", "", files={"file": (file.name, await asyncio.to_thread(file.read_bytes))}),
        )


class AsyncMetrics:
    """Figures over time: ``from_``, ``to``, ``interval`` and ``timezone`` say of when."""

    def __init__(self, client: AsyncAthena) -> None:
        self._client = client

    async def get(self, kind: str, **query: Any) -> dict[str, Any]:
        """Of ``agents``, ``workflows``, ``threads``, ``messages`` or ``workflow-executions``."""
        answer = await self._client.request("GET", f"/metrics{at(kind)}", query=fields(query))
        return cast("dict[str, Any]", answer["data"])


class AsyncResources:
    """All of them, as attributes."""

    def __init__(self, client: AsyncAthena) -> None:
        self.agents = AsyncAgents(client, "/agents")
        self.threads = AsyncRunnable[models.Thread](client, "/threads")
        self.messages = AsyncCollection[models.Message](client, "/messages")
        self.prompts = AsyncRunnable[models.Prompt](client, "/prompts")
        self.memories = AsyncCollection[models.Memory](client, "/memories")
        self.workflows = AsyncWorkflows(client, "/workflows")
        self.workflow_executions = AsyncExecutions(client, "/workflow-executions")
        self.runs = AsyncRuns(client, "/runs")
        self.approvals = AsyncApprovals(client, "/approvals")
        self.tools = AsyncCollection[models.Tool](client, "/tools")
        self.guardrails = AsyncCollection[dict[str, Any]](client, "/guardrails")
        self.variables = AsyncCollection[models.Variable](client, "/variables")
        self.budgets = AsyncCollection[models.Budget](client, "/budgets")
        self.providers = AsyncCollection[models.Provider](client, "/providers")
        self.accounts = AsyncCollection[models.Account](client, "/accounts")
        self.large_language_models = AsyncReadable[models.LargeLanguageModel](client, "/large-language-models")
        self.media = AsyncMedia(client, "/media")
        self.webhooks = AsyncCollection[dict[str, Any]](client, "/webhooks")
        self.shares = AsyncDeletable[dict[str, Any]](client, "/shares")
        self.evaluations = AsyncCreatable[dict[str, Any]](client, "/evaluations")
        self.audit_events = AsyncReadable[dict[str, Any]](client, "/audit-events")
        self.tokens = AsyncCreatable[dict[str, Any]](client, "/tokens")
        self.workspaces = AsyncCollection[models.Workspace](client, "/workspaces")
        self.metrics = AsyncMetrics(client)
