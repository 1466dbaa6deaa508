"""All SQL of language models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from athena.kit import clock
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
        a.expires_at, a.last_used_at, p.slug, p.kind, p.base_url, p.authentication_config, p.settings, offer.*
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


# What an account's provider tells, and what the catalogue's data tell.
_FOUND = ("display_name", "catalogue_uuid", "context_window", "max_output_tokens", "capabilities")
_KNOWN = ("display_name", "context_window", "input_price", "output_price", "capabilities", "status")


def _assignments(columns: Sequence[str]) -> str:
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return f"{changes}, updated_at = excluded.updated_at, revision = large_language_models.revision + 1"


@cache
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

    async def replace_found(self, account_uuid: UUID, provider_uuid: UUID, found: Sequence[Mapping[str, Any]]) -> None:
        """Makes ``found`` the models of an account; those that it had already keep their ids."""
        now = clock.now()
        await self.session.execute(
            "DELETE FROM large_language_models WHERE workspace_uuid = $1 AND account_uuid = $2 AND name <> ALL($3)",
            self.workspace_uuid,
            account_uuid,
            [model["name"] for model in found],
        )
        await self.session.execute(
            f"""
            INSERT INTO large_language_models (workspace_uuid, account_uuid, provider_uuid, created_at, updated_at,
                status, uuid, name, {", ".join(_FOUND)})
            SELECT $1, $2, $3, $4, $4, 'active', uuid, name, {", ".join(_FOUND)}
            FROM jsonb_populate_recordset(NULL::large_language_models, $5)
            ON CONFLICT (account_uuid, name) DO UPDATE SET {_assignments(_FOUND)}
            """,
            self.workspace_uuid,
            account_uuid,
            provider_uuid,
            now,
            list(found),
        )


class CatalogueRepository:
    """The catalogue; needs a system session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def version(self) -> str | None:
        """The version that is stored."""
        return await self.session.value("SELECT version FROM catalogue_versions WHERE name = 'models'")

    async def claim(self, version: str) -> bool:
        """Notes ``version``; false when another process has just done so. It waits for that one to finish."""
        return bool(
            await self.session.execute(
                """
                INSERT INTO catalogue_versions AS present (name, version) VALUES ('models', $1)
                ON CONFLICT (name) DO UPDATE SET version = excluded.version WHERE present.version <> excluded.version
                """,
                version,
            )
        )

    async def replace(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Makes ``rows`` the catalogue; a model that is gone from the data goes from here."""
        columns = ("provider_uuid", "name", *_KNOWN)
        present, wanted = (", ".join(f"{t}.{name}" for name in columns) for t in ("large_language_models", "excluded"))
        now = clock.now()
        await self.session.execute(
            "DELETE FROM large_language_models WHERE workspace_uuid IS NULL AND uuid <> ALL($1::uuid[])",
            [row["uuid"] for row in rows],
        )
        await self.session.execute(
            f"""
            INSERT INTO large_language_models (uuid, created_at, updated_at, deprecated_at, {", ".join(columns)})
            SELECT uuid, $1, $1, CASE WHEN status = 'deprecated' THEN $1::timestamptz END, {", ".join(columns)}
            FROM jsonb_populate_recordset(NULL::large_language_models, $2)
            ON CONFLICT (uuid) DO UPDATE SET {_assignments(columns)},
                deprecated_at = CASE WHEN excluded.status = 'deprecated'
                    THEN coalesce(large_language_models.deprecated_at, excluded.deprecated_at) END
            WHERE ({present}) IS DISTINCT FROM ({wanted})
            """,
            now,
            list(rows),
        )


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
