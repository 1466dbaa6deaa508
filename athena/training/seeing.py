"""Images in words, by a model that sees."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from athena.accounts.service import Connections
from athena.agents.service import AgentService
from athena.kit.access import Access
from athena.kit.db import Database, Row
from athena.kit.errors import Conflict, UpstreamFailed
from athena.large_language_models.service import resolve
from athena.large_language_models.usage import cost_of, used
from athena.llm.errors import ModelError
from athena.llm.types import ImagePart, Message, ModelRequest, TextPart, Usage

MAX_TOKENS: Final = 2_000
TASK: Final = (
    "Describe this image for somebody who cannot see it and will be asked about it. Write down every text in it word "
    "for word. Say what is shown, with names, numbers and relations; of charts and tables, give the values. "
    "Guess nothing."
)


@dataclass(slots=True)
class Spent:
    """What models took: tokens, and US dollars where they are known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def add(self, usage: Usage, cost: Decimal | None) -> None:
        """Counts a call."""
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cost += float(cost or 0)


@dataclass(frozen=True, slots=True)
class Eyes:
    """Asks models what images show."""

    database: Database
    connections: Connections

    async def describe(self, source: Row, access: Access, mime_type: str, content: bytes, spent: Spent) -> str:
        """What the image shows, as the source's or the agent's model tells it; an ``AthenaError`` when it does not."""
        async with self.database.session(access.scope) as session:
            agent = await AgentService(session, access).get(source["agent_uuid"])
            model = await resolve(
                session,
                self.connections,
                access.workspace_uuid,
                model=source["options"].get("model") or agent["model"],
                account_uuid=agent["account_uuid"],
            )
        if not model.supports_vision:
            raise Conflict(
                f"The model {model.model_id} does not see images. Name one that does as the source's `model`.",
                code="model_without_vision",
            )
        request = ModelRequest(
            model=model.model_id,
            messages=(Message("user", (TextPart(TASK), ImagePart(mime_type, content))),),
            max_tokens=MAX_TOKENS,
        )
        try:
            completed = await self.connections.models.complete(model.endpoint, request)
        except ModelError as error:
            raise UpstreamFailed(str(error), code=error.kind) from error
        usage, _ = used(request, completed)
        spent.add(usage, await cost_of(model, usage))
        if not completed.text.strip():
            raise UpstreamFailed("The model said nothing about the image.", code="malformed_response")
        return completed.text
