"""What every method of the protocol gets: who calls, how the client speaks, and where the answer is looked for."""

from __future__ import annotations

from dataclasses import dataclass

from athena.config import Settings
from athena.dialects.mcp.protocol import Generation
from athena.dialects.mcp.sessions import McpSession
from athena.dialects.rpc import Id
from athena.kit.access import Access
from athena.kit.db import Session


@dataclass(frozen=True, slots=True)
class Talk:
    """One request of a client."""

    session: Session
    access: Access
    generation: Generation
    number: Id
    mcp_session: McpSession | None = None

    @property
    def elicits(self) -> bool:
        """Whether the client's user can be asked."""
        return self.mcp_session.elicits if self.mcp_session else self.generation.elicits

    @property
    def version(self) -> str:
        """The protocol's version that both sides have agreed on."""
        return self.mcp_session.version if self.mcp_session else self.generation.version

    @property
    def approvals_url(self) -> str:
        """Where approvals are answered in the console."""
        base_url = self.session.provided(Settings).base_url.rstrip("/")
        return f"{base_url}/w/{self.access.workspace_uuid}/approvals"
