"""The resources, in the API's words. Fields and filters are the API's own; ``with_`` stands for ``with``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from athena_client import models
from athena_client.calls import RUN_SECONDS, at, fields

if TYPE_CHECKING:
    from athena_client.client import Athena, Stream

T = TypeVar("T")
PAGE = 100


class Readable(Generic[T]):
    """What can be listed and looked at."""

    def __init__(self, client: Athena, path: str) -> None:
        self._client = client
        self._path = path

    def list(self, /, *, limit: int | None = None, cursor: str | None = "", **filters: Any) -> Iterator[T]:
        """All of them, page by page as they are needed; at most ``limit``. Nothing is skipped when rows are added.

        ``cursor`` is where to begin, as a page of the API tells it.
        """
        left = limit
        while cursor is not None and left != 0:
            length = PAGE if left is None else min(PAGE, left)
            page = self._client.request(
                "GET", self._path, query={"cursor": cursor, "per_page": length, **fields(filters)}
            )
            for row in page["data"][:left]:
                yield cast("T", row)
            left = None if left is None else left - len(page["data"][:left])
            cursor = page["meta"]["next_cursor"]

    def get(self, uuid: str, **query: Any) -> T:
        """One of them."""
        return cast("T", self._data("GET", at(uuid), query=fields(query)))

    def _data(self, method: str, path: str, **options: Any) -> Any:
        answer = self._client.request(method, f"{self._path}{path}", **options)
        return answer["data"] if answer else None


class Deletable(Readable[T]):
    """What can also be deleted."""

    def delete(self, uuid: str) -> None:
        """Deletes one."""
        self._data("DELETE", at(uuid))


class Creatable(Deletable[T]):
    """What can also be created."""

    def create(self, **given: Any) -> T:
        """Creates one; repeated after a lost answer, it is still one."""
        return cast("T", self._data("POST", "", body=fields(given)))


class Collection(Creatable[T]):
    """What can be listed, read, created, changed and deleted."""

    def update(self, uuid: str, **given: Any) -> T:
        """Changes the fields that are given, and leaves the others."""
        return cast("T", self._data("PUT", at(uuid), body=fields(given)))


class Runnable(Collection[T]):
    """What can be run: agents, threads, prompts."""

    def run(self, uuid: str, *, timeout: float = RUN_SECONDS, **given: Any) -> models.Run:
        """Runs it and waits for the end; with ``background=True`` for the start alone."""
        return cast("models.Run", self._data("POST", at(uuid, "/run"), body=fields(given), timeout=timeout))

    def stream(self, uuid: str, **given: Any) -> Stream:
        """Runs it, and gives its events as they come."""
        return self._client.stream(f"{self._path}{at(uuid, '/run')}", fields(given))


class Agents(Runnable[models.Agent]):
    """Agents."""

    def generate(self, description: str, **given: Any) -> Any:
        """An agent from its description; ``save=True`` creates it."""
        return self._data("POST", "/generate", body={"description": description, **fields(given)}, timeout=RUN_SECONDS)


class Workflows(Collection[models.Workflow]):
    """Workflows."""

    def run(self, uuid: str, input: Any = None, *, timeout: float = RUN_SECONDS, **given: Any) -> Any:  # noqa: A002
        """Runs it and waits for the end; with ``background=True`` for the start alone. The run is the ``data``."""
        body = {"input": input, **fields(given)}
        return self._client.request("POST", f"{self._path}{at(uuid, '/run')}", body=body, timeout=timeout)

    def stream(self, uuid: str, input: Any = None, **given: Any) -> Stream:  # noqa: A002 - the API's word
        """Runs it, and gives its events as they come."""
        return self._client.stream(f"{self._path}{at(uuid, '/run')}", {"input": input, **fields(given)})


class Executions(Deletable[models.WorkflowExecution]):
    """Executions of workflows; each has its run's uuid."""

    def counts(self, **filters: Any) -> dict[str, Any]:
        """How many there are, by status."""
        return cast("dict[str, Any]", self._data("GET", "/counts", query=fields(filters)))

    def cancel(self, uuid: str) -> models.WorkflowExecution:
        """Stops one; what its nodes did is kept."""
        return cast("models.WorkflowExecution", self._data("POST", at(uuid, "/cancel")))

    def retry(self, uuid: str, **given: Any) -> Any:
        """Does again what was not done, as a new execution in the background."""
        return self._data("POST", at(uuid, "/retry"), body={"background": True, **fields(given)})


class Runs(Readable[models.Run]):
    """Runs of whatever kind."""

    def events(self, uuid: str, after: int = 0) -> Stream:
        """A run's events, behind the id ``after``, to its end."""
        return self._client.events(uuid, after)

    def cancel(self, uuid: str) -> models.Run:
        """Stops one; what was said so far is kept."""
        return cast("models.Run", self._data("POST", at(uuid, "/cancel")))


class Approvals(Readable[models.Approval]):
    """What waits for a human."""

    def answer(self, uuid: str, decision: str | None = None, **given: Any) -> models.Approval:
        """Answers one: ``approved`` or ``refused``; a form with its ``values`` alone."""
        body = fields(given) if decision is None else {"decision": decision, **fields(given)}
        return cast("models.Approval", self._data("POST", at(uuid, "/answer"), body=body))


class Media(Deletable[models.Media]):
    """Files."""

    def upload(self, path: str | Path) -> models.Media:
        """Uploads one file."""
        file = Path(path)
        return cast("models.Media", self._data("POST", "", files={"file": (file.name, file.read_bytes())}))


class Metrics:
    """Figures over time: ``from_``, ``to``, ``interval`` and ``timezone`` say of when."""

    def __init__(self, client: Athena) -> None:
        self._client = client

    def get(self, kind: str, **query: Any) -> dict[str, Any]:
        """Of ``agents``, ``workflows``, ``threads``, ``messages`` or ``workflow-executions``."""
        answer = self._client.request("GET", f"/metrics{at(kind)}", query=fields(query))
        return cast("dict[str, Any]", answer["data"])


class Resources:
    """All of them, as attributes."""

    def __init__(self, client: Athena) -> None:
        self.agents = Agents(client, "/agents")
        self.threads = Runnable[models.Thread](client, "/threads")
        self.messages = Collection[models.Message](client, "/messages")
        self.prompts = Runnable[models.Prompt](client, "/prompts")
        self.memories = Collection[models.Memory](client, "/memories")
        self.workflows = Workflows(client, "/workflows")
        self.workflow_executions = Executions(client, "/workflow-executions")
        self.runs = Runs(client, "/runs")
        self.approvals = Approvals(client, "/approvals")
        self.tools = Collection[models.Tool](client, "/tools")
        self.guardrails = Collection[dict[str, Any]](client, "/guardrails")
        self.variables = Collection[models.Variable](client, "/variables")
        self.budgets = Collection[models.Budget](client, "/budgets")
        self.providers = Collection[models.Provider](client, "/providers")
        self.accounts = Collection[models.Account](client, "/accounts")
        self.large_language_models = Readable[models.LargeLanguageModel](client, "/large-language-models")
        self.media = Media(client, "/media")
        self.webhooks = Collection[dict[str, Any]](client, "/webhooks")
        self.shares = Deletable[dict[str, Any]](client, "/shares")
        self.evaluations = Creatable[dict[str, Any]](client, "/evaluations")
        self.audit_events = Readable[dict[str, Any]](client, "/audit-events")
        self.tokens = Creatable[dict[str, Any]](client, "/tokens")
        self.workspaces = Collection[models.Workspace](client, "/workspaces")
        self.metrics = Metrics(client)
