"""Images in words, by a model that sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from athena.accounts.service import Connections
from athena.agents.service import AgentService
from athena.budgets.spending import Spender
from athena.kit.access import Access
from athena.kit.db import Database, Row
from athena.kit.errors import Conflict, UpstreamFailed
from athena.large_language_models.service import resolve
from athena.llm.errors import ModelError
from athena.llm.types import ImagePart, Message, ModelRequest, TextPart
from athena.node_types.asking import Model, Payer
from athena.node_types.base import NodeFailed, Usage
from athena.node_types.failures import upstream

CALL_SECONDS: Final = 300.0
MAX_TOKENS: Final = 2_000
TASK: Final = (
    "Describe this image for somebody who cannot see it and will be asked about it. Write down every text in it word "
    "for word. Say what is shown, with names, numbers and relations; of charts and tables, give the values. "
    "Guess nothing."
)


@dataclass(slots=True)
class Spent:
    """What models took for a source."""

    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Eyes:
    """Asks models what images show."""

    database: Database
    connections: Connections

    async def describe(self, source: Row, access: Access, mime_type: str, content: bytes, spent: Spent) -> str:
        """What the image shows, as the source's or the agent's model tells it; an ``AthenaError`` when it does not.

        The budgets of the agent, of who trains it and of the workspace pay.
        """
        async with self.database.session(access.scope) as session:
            agent = await AgentService(session, access).get(source["agent_uuid"])
            resolved = await resolve(
                session,
                self.connections,
                access.workspace_uuid,
                model=source["options"].get("model") or agent["model"],
                account_uuid=agent["account_uuid"],
            )
        if not resolved.supports_vision:
            raise Conflict(
                f"The model {resolved.model_id} does not see images. Name one that does as the source's `model`.",
                code="model_without_vision",
            )
        model = Model(self.connections, resolved, CALL_SECONDS, self._payer(source, access))
        request = ModelRequest(
            model=model.name,
            messages=(Message("user", (TextPart(TASK), ImagePart(mime_type, content))),),
            max_tokens=MAX_TOKENS,
        )
        try:
            completed = await model.ask(request)
        except NodeFailed as error:
            raise upstream(error) from error
        except ModelError as error:
            raise UpstreamFailed(str(error), code=error.kind) from error
        spent.usage += model.usage
        if not completed.text.strip():
            raise UpstreamFailed("The model said nothing about the image.", code="malformed_response")
        return completed.text

    def _payer(self, source: Row, access: Access) -> Payer:
        run_uuid = source["run_uuid"]
        spender = Spender(access.workspace_uuid, access.user_uuid, agent_uuid=source["agent_uuid"], run_uuid=run_uuid)
        key = f"{run_uuid} source:{source['uuid']}"
        return Payer(self.database, access.workspace_uuid, spender, key, lambda: self.database.session(access.scope))
