"""All SQL of language models."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.repository import Repository, Where
from athena.large_language_models.models import large_language_models

# What a provider did not say of a model of an account, prices above all, comes from the catalogue.
_FACTS = """
    coalesce(nullif(m.display_name, m.name), c.display_name, m.name) AS display_name,
    coalesce(m.context_window, c.context_window) AS context_window,
    coalesce(m.max_output_tokens, c.max_output_tokens) AS max_output_tokens,
    coalesce(m.input_price, c.input_price) AS input_price,
    coalesce(m.output_price, c.output_price) AS output_price,
    CASE WHEN cardinality(m.capabilities) = 0 THEN coalesce(c.capabilities, m.capabilities) ELSE m.capabilities END
        AS capabilities,
    coalesce(c.status, m.status) AS status, coalesce(c.deprecated_at, m.deprecated_at) AS deprecated_at
"""
_JOINED = "large_language_models AS m LEFT JOIN large_language_models AS c ON c.uuid = m.catalogue_uuid"
_SOURCE = f"""(
    SELECT m.uuid, m.workspace_uuid, m.created_at, m.updated_at, m.revision, m.provider_uuid, m.account_uuid, m.name,
        {_FACTS}
    FROM {_JOINED}
) AS large_language_models"""

# One row per account that offers the model, the best first. With LEFT an account appears without its offer, too.
_OFFER = f"""
    SELECT a.workspace_uuid, a.uuid AS account_uuid, a.sealed_credentials, a.status AS account_status,
        a.expires_at, a.last_used_at, p.slug, p.base_url, p.authentication_config, p.settings, offer.*
    FROM accounts AS a JOIN providers AS p ON p.uuid = a.provider_uuid
    {{join}} JOIN LATERAL (
        SELECT m.uuid AS model_uuid, m.name, m.account_uuid IS NOT NULL AS found_there, {_FACTS}
        FROM {_JOINED}
        WHERE (m.account_uuid = a.uuid OR m.account_uuid IS NULL AND m.provider_uuid = a.provider_uuid) AND {{match}}
        ORDER BY found_there DESC, m.name = {{first}} DESC LIMIT 1
    ) AS offer ON true
    WHERE a.workspace_uuid = $1 AND {{which}}
    ORDER BY a.status = 'active' DESC, found_there DESC, a.created_at DESC, a.uuid DESC LIMIT 1
"""
_BY_NAME = """
    m.name = ANY($3::text[])
    AND (m.name = $4 OR (p.slug, m.name) IN (SELECT * FROM unnest($5::text[], $6::text[])))
"""
_NAMED = "a.uuid = $2"
_ANY = """
    $2::uuid IS NULL AND p.kind = 'llm' AND a.status IN ('active', 'unverified')
    AND (a.expires_at IS NULL OR a.expires_at > now())
"""
_TOUCH = """
    UPDATE accounts SET last_used_at = now() WHERE workspace_uuid = $1 AND uuid = (
        SELECT uuid FROM accounts WHERE workspace_uuid = $1 AND uuid = $2 FOR NO KEY UPDATE SKIP LOCKED
    )
"""


def _offer(match: str, first: str, *, named: bool) -> str:
    return _OFFER.format(join="LEFT" if named else "", match=match, first=first, which=_NAMED if named else _ANY)


class LargeLanguageModelRepository(Repository):
    """The catalogue and the models that the workspace's accounts were found to offer."""

    table = large_language_models
    source = _SOURCE
    hidden = frozenset({"catalogue_uuid"})

    def within(self, where: Where) -> None:
        """The workspace's rows, and those of the catalogue."""
        where.add("(workspace_uuid = {} OR workspace_uuid IS NULL)", self.workspace_uuid)


class OfferRepository:
    """Which account of a workspace offers a model: one statement, since each run asks it.

    With an account named, the row is that account's, whose ``model_uuid`` is null when it is not known to offer the
    model; without one, it is that of the best account that does.
    """

    def __init__(self, session: Session, workspace_uuid: WorkspaceId) -> None:
        self.session = session
        self.workspace_uuid = workspace_uuid

    async def by_uuid(self, account_uuid: UUID | None, model_uuid: UUID) -> Row | None:
        """Of the model with this id."""
        sql = _offer("m.uuid = $3", "m.name", named=account_uuid is not None)
        return await self.session.fetch_one(sql, self.workspace_uuid, account_uuid, model_uuid)

    async def by_name(self, account_uuid: UUID | None, name: str, pairs: Sequence[tuple[str, str]]) -> Row | None:
        """Of the model of this name, or of one of ``pairs``: a provider's slug and the name that it has there."""
        slugs, names = [slug for slug, _ in pairs], [name for _, name in pairs]
        sql = _offer(_BY_NAME, "$4", named=account_uuid is not None)
        return await self.session.fetch_one(sql, self.workspace_uuid, account_uuid, [name, *names], name, slugs, names)

    async def only_model(self, account_uuid: UUID) -> str | None:
        """The name of the one model that the account was found to offer; ``None`` when there are more, or none."""
        rows = await self.session.fetch(
            "SELECT name FROM large_language_models WHERE workspace_uuid = $1 AND account_uuid = $2 LIMIT 2",
            self.workspace_uuid,
            account_uuid,
        )
        return rows[0]["name"] if len(rows) == 1 else None

    async def touch(self, account_uuid: UUID) -> None:
        """Notes the account's use; when somebody else does so at this moment, that is enough."""
        await self.session.execute(_TOUCH, self.workspace_uuid, account_uuid)
