"""The rules of requests that start workflows: who may, what they bring, and which execution they are answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from athena.config import Settings
from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import BudgetExhausted, Conflict, MethodNotAllowed, NotFound, TooLarge, Unauthenticated
from athena.kit.ids import new_uuid
from athena.media.service import MediaService
from athena.node_types.webhook_trigger import WebhookTriggerConfig
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.triggers.webhook_authentication import (
    WebhookRejected,
    credential_headers,
    delivery_id,
    secret_names,
    verify,
)
from athena.triggers.webhook_body import IncomingFile, ParsedBody, parse_body, request_payload
from athena.triggers.webhook_encoding import decoded
from athena.variables import service as variables
from athena.workflow_executions.plans import Plans
from athena.workflow_executions.starting import Request, accept
from athena.workflow_triggers.repository import DeliveryRepository, IncomingRepository
from athena.workflows.graph import GraphNode
from athena.workflows.service import WorkflowService

STARTER_PERMISSIONS: Final = frozenset(ROLE_PERMISSIONS[Role.BUILDER])
LISTEN: Final = timedelta(minutes=5)
TYPE: Final = "webhook_trigger"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came."""

    method: str
    headers: Pairs
    """Names in lower case."""
    query: Pairs
    body: bytes

    @property
    def by_name(self) -> Mapping[str, str]:
        """The headers; of several of one name, the last."""
        return dict(self.headers)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a request has started, or had started before."""

    execution_uuid: UUID
    config: WebhookTriggerConfig


def not_there() -> NotFound:
    """The same for every address at which nothing answers."""
    return NotFound("There is no webhook at this address.")


def starter(workflow: Row) -> Access:
    """In whose name a workflow runs that is started from outside."""
    user_uuid = workflow["starter_uuid"]
    workspace_uuid = WorkspaceId(workflow["workspace_uuid"])
    return Access(workspace_uuid, user_uuid, Role.BUILDER, STARTER_PERMISSIONS, acts_for=user_uuid)


class IncomingService:
    """Requests to webhooks. ``session`` has the workspace's scope from then on."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._deliveries = DeliveryRepository(session, access.workspace_uuid)

    async def take(self, workflow: Row, node_id: str | None, given: Incoming, *, test: bool) -> Accepted:
        """Accepts the execution that a request to a workflow's own address starts."""
        listening = workflow["listening_until"] is not None and workflow["listening_until"] > clock.now()
        if not (listening if test else workflow["status"] == "active"):
            raise not_there()
        node = await self._node(workflow, node_id)
        config: WebhookTriggerConfig = node.configuration.fill({})
        if given.method not in config.methods:
            raise MethodNotAllowed(f"This webhook takes {', '.join(config.methods)}.")
        if len(given.body) > config.maximum_bytes:
            raise TooLarge(f"This webhook takes bodies of at most {config.maximum_bytes} bytes.")
        await self._verify(config, given)
        return await self._start(workflow, node, config, given, test=test)

    async def trigger(self, workflow_uuid: UUID, given: Incoming) -> Accepted:
        """As :meth:`take`, for a caller who is known and may run workflows; nothing else has to be shown."""
        workflow = await WorkflowService(self._session, self._access).to_run(workflow_uuid)
        if workflow["status"] != "active":
            raise NotFound("The workflow is not active.", code="workflow_inactive")
        node = await self._node(workflow, None)
        return await self._start(workflow, node, node.configuration.fill({}), given, test=False)

    async def listen(self, workflow_uuid: UUID) -> dict[str, Any]:
        """Has the test address take one request within the next minutes."""
        await WorkflowService(self._session, self._access).to_run(workflow_uuid)
        await self._deliveries.listen(workflow_uuid, clock.now() + LISTEN)
        return await self.listener(workflow_uuid)

    async def listener(self, workflow_uuid: UUID) -> dict[str, Any]:
        """The test address, until when it listens, and what it has caught."""
        row = await self._deliveries.listener(workflow_uuid)
        if row is None:
            raise NotFound("The workflow does not exist in this workspace.")
        base_url = self._session.provided(Settings).base_url
        until = row["listening_until"]
        return {
            "url": f"{base_url}/hooks/{row['webhook_token']}/test",
            "listening_until": clock.rfc3339(until) if until is not None and until > clock.now() else None,
            "execution_uuid": row["test_execution_uuid"],
        }

    async def _node(self, workflow: Row, node_id: str | None) -> GraphNode:
        """The trigger at the address: the named one, or the first."""
        plans = self._session.provided(Plans)
        plan = await plans.get(self._session, self._access, workflow["uuid"], workflow["version"])
        for node in plan.graph.triggers():
            if node.spec.type == TYPE and node_id in {None, node.id}:
                if node.configuration.problems:
                    raise Conflict("The webhook's configuration is not complete.", code="workflow_invalid")
                return node
        raise not_there()

    async def _verify(self, config: WebhookTriggerConfig, given: Incoming) -> None:
        authentication = config.authentication
        names = secret_names(authentication)
        secrets: Mapping[str, str] = {}
        if names:
            secrets = (await variables.load(self._session, self._access.workspace_uuid, names)).secrets
        try:
            verify(authentication, secrets, headers=given.by_name, body=given.body, now=clock.now())
        except WebhookRejected as rejected:
            raise Unauthenticated(rejected.message, code=rejected.code) from rejected

    async def _start(
        self, workflow: Row, node: GraphNode, config: WebhookTriggerConfig, given: Incoming, *, test: bool
    ) -> Accepted:
        body = decoded(given.by_name.get("content-encoding"), given.body, config.maximum_bytes)
        parsed = parse_body(given.by_name.get("content-type"), body, config.maximum_bytes)
        uuid = new_uuid()
        repeated = delivery_id(config.authentication, headers=given.by_name, body=parsed.body)
        if test:
            if not await self._deliveries.caught(workflow["uuid"], uuid):
                raise not_there()
        elif repeated is not None and config.deduplicate:
            known = await self._deliveries.note(workflow["uuid"], f"{node.id} {repeated}", uuid)
            if known != uuid:
                return Accepted(known, config)
        payload = request_payload(
            given.method, given.headers, given.query, parsed, without=credential_headers(config.authentication)
        )
        payload["files"] = await self._store(parsed)
        facts = {**payload, "input": payload["body"]}
        labels = {"trigger_node_id": node.id}
        asked = Request("webhook", payload, node_id=node.id, facts=facts, test=test, labels=labels, run_uuid=uuid)
        try:
            await accept(self._session, self._access, workflow, asked)
        except BudgetExhausted as error:
            # How much the workspace may spend is nothing that who knows the address needs to know.
            raise BudgetExhausted("A budget is exhausted.") from error
        return Accepted(uuid, config)

    async def _store(self, parsed: ParsedBody) -> list[dict[str, Any]]:
        """The files of a form, kept as media."""
        media = MediaService(self._session, self._access)
        return [await self._store_one(media, file) for file in parsed.files]

    @staticmethod
    async def _store_one(media: MediaService, file: IncomingFile) -> dict[str, Any]:
        told = {"field": file.field, "name": file.name, "content_type": file.content_type, "size": len(file.content)}
        uuid = str((await media.upload(file.name, file.content))["uuid"]) if file.content else None
        return {**told, "media_uuid": uuid}


async def by_token(session: Session, token: str) -> tuple[Row, IncomingService]:
    """The workflow at an address; needs a session of the system's scope, which then is the workspace's."""
    workflow = await IncomingRepository(session).by_token(token)
    if workflow is None or workflow["starter_uuid"] is None:
        raise not_there()
    access = starter(workflow)
    session.scope = access.scope
    return workflow, IncomingService(session, access)
