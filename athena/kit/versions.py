"""Versions of what changes, by number, and named channels that lead to one version or are split between two."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from fastapi import Path
from pydantic import ConfigDict, Field

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound, PreconditionFailed, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions
from athena.kit.repository import Repository, Where
from athena.kit.schemas import Input, Output, Timestamp
from athena.kit.tables import Uuid, tenant_table

DRAFT: Final = "draft"
"""The channel that always leads to the newest version; nothing is kept of it."""

CHANNEL_LIST = ListOptions(sortable={"name": "name", "created_at": "uuid"}, searchable=("name",), default_sort="name")
CHANNEL_NAME: Final = r"^[a-z][a-z0-9_-]*$"

VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
ChannelName = Annotated[str, Field(max_length=64, pattern=CHANNEL_NAME)]
ChannelPath = Annotated[
    str,
    Path(max_length=64, pattern=CHANNEL_NAME, description="`draft`, `staging`, `production`, or a name of one's own."),
]


class Split(Input):
    """A part of a channel that leads elsewhere."""

    version: VersionNumber
    weight: Annotated[
        float,
        Field(
            gt=0, lt=1, allow_inf_nan=False, examples=[0.1], description="The part of threads that gets this version."
        ),
    ]


class ChannelUpdate(Input):
    """Where a channel leads; what is not named stays. A channel that is not there yet needs a version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 7, "split": {"version": 8, "weight": 0.1}}]})

    version: VersionNumber = 1
    split: Annotated[Split | None, Field(description="Null: all of it leads to `version`.")] = None


class Channel(Output):
    """A name that leads to a version, or to one of two."""

    name: str
    version: int
    split: Split | None
    created_at: Timestamp
    updated_at: Timestamp


def channel_table(owner: str) -> sa.Table:
    """The channels of ``owner``, such as ``agent``, whose versions are in ``<owner>_versions``."""
    number = [f"{owner}_versions.{name}" for name in ("workspace_uuid", f"{owner}_uuid", "number")]
    return tenant_table(
        f"{owner}_channels",
        sa.Column(f"{owner}_uuid", Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("split_version", sa.Integer),
        sa.Column("split_weight", sa.Double),
        *(
            sa.ForeignKeyConstraint(["workspace_uuid", f"{owner}_uuid", column], number, ondelete="CASCADE")
            for column in ("version", "split_version")
        ),
        sa.CheckConstraint("(split_version IS NULL) = (split_weight IS NULL)", name="split"),
        sa.UniqueConstraint("workspace_uuid", f"{owner}_uuid", "name"),
    )


class _Owned(Repository):
    """The rows that belong to one owner."""

    owner: ClassVar[str]
    """What it is, such as ``agent``."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, owner_uuid: UUID) -> None:
        super().__init__(session, workspace_uuid)
        self.owner_uuid = owner_uuid

    def within(self, where: Where) -> None:
        """The owner's rows."""
        super().within(where)
        where.add(f"{self.owner}_uuid = {{}}", self.owner_uuid)

    @property
    def placed(self) -> Mapping[str, Any]:
        """The workspace and the owner."""
        return {**super().placed, f"{self.owner}_uuid": self.owner_uuid}


class VersionRepository(_Owned):
    """The versions of one owner. They are only added, and go with their owner."""

    async def numbered(self, number: int) -> Row:
        """The version of that number."""
        row = await self.session.fetch_one(
            f"SELECT {self.columns} FROM {self.table.name} "
            f"WHERE workspace_uuid = $1 AND {self.owner}_uuid = $2 AND number = $3",
            self.workspace_uuid,
            self.owner_uuid,
            number,
        )
        if row is None:
            raise NotFound(f"There is no such version of this {self.owner}.")
        return row


def share(owner_uuid: UUID, sticky: UUID) -> float:
    """Where ``sticky`` lies between 0 and 1: evenly spread, always the same, and for each owner anew."""
    digest = hashlib.sha256(owner_uuid.bytes + sticky.bytes).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


class ChannelRepository(_Owned):
    """The channels of one owner."""

    async def find_named(self, name: str) -> Row | None:
        """The channel, or ``None``."""
        return await self.session.fetch_one(
            f"SELECT {self.columns} FROM {self.table.name} "
            f"WHERE workspace_uuid = $1 AND {self.owner}_uuid = $2 AND name = $3",
            self.workspace_uuid,
            self.owner_uuid,
            name,
        )

    async def named(self, name: str) -> Row:
        """The channel."""
        row = await self.find_named(name)
        if row is None:
            raise NotFound(f"This {self.owner} has no channel {name}.")
        return row

    async def leads_to(self, name: str, versions: VersionRepository, sticky: UUID) -> Row:
        """The version to which a channel leads, in one query; of two, ``sticky`` decides, always alike."""
        table = versions.table.name
        rows = await self.session.fetch(
            f"""
            SELECT {versions.columns}, c.split_version, c.split_weight FROM {self.table.name} AS c JOIN {table}
            ON {table}.workspace_uuid = c.workspace_uuid AND {table}.{self.owner}_uuid = c.{self.owner}_uuid
            AND {table}.number IN (c.version, c.split_version)
            WHERE c.workspace_uuid = $1 AND c.{self.owner}_uuid = $2 AND c.name = $3
            """,
            self.workspace_uuid,
            self.owner_uuid,
            name,
        )
        if not rows:
            raise NotFound(f"This {self.owner} has no channel {name}.")
        weight: float | None = rows[0]["split_weight"]
        to_split = weight is not None and share(self.owner_uuid, sticky) < weight
        return next(row for row in rows if (row["number"] == row["split_version"]) == to_split)

    async def asked(
        self, newest: int, versions: VersionRepository, *, version: int | None, channel: str | None, sticky: UUID
    ) -> Row | None:
        """The version that is named, or to which the channel leads; ``None`` for the newest, as without a name."""
        if version is not None and channel is not None:
            raise ValidationFailed.of("channel", "Give either version or channel.")
        if channel is not None and channel != DRAFT:
            row = await self.leads_to(channel, versions, sticky)
            return None if row["number"] == newest else row
        return None if version is None or version == newest else await versions.numbered(version)

    async def lead(self, name: str, given: ChannelUpdate, versions: VersionRepository, revision: int | None) -> Row:
        """Has a channel lead where ``given`` says. The owner's row is locked."""
        _refuse_draft(name)
        present = await self.find_named(name)
        changes = given.changes()
        if present is None and revision is not None:
            raise PreconditionFailed("There is no such channel yet.")
        if present is None and "version" not in changes:
            raise ValidationFailed.of("version", "A new channel needs a version.")
        if "split" in changes:
            changes["split_version"] = given.split.version if given.split else None
            changes["split_weight"] = given.split.weight if given.split else None
            del changes["split"]
        leads = {**(dict(present) if present else {"split_version": None}), **changes}
        if leads["version"] == leads["split_version"]:
            raise ValidationFailed.of("split.version", "Split between two versions.")
        for number in (changes.get("version"), changes.get("split_version")):
            if number is not None:
                await versions.numbered(number)
        if present is None:
            return await self.insert({"uuid": new_uuid(), "name": name, **changes})
        return await self.update(present["uuid"], changes, revision)

    async def remove(self, name: str, revision: int | None) -> None:
        """Takes a channel away."""
        _refuse_draft(name)
        await self.delete((await self.named(name))["uuid"], revision)


def _refuse_draft(name: str) -> None:
    if name == DRAFT:
        raise Conflict("The channel draft always leads to the newest version.")


def draft(owner: Row) -> dict[str, Any]:
    """The channel of the newest version as the API shows it."""
    return {
        "name": DRAFT,
        "version": owner["version"],
        "split": None,
        "created_at": clock.rfc3339(owner["created_at"]),
        "updated_at": clock.rfc3339(owner["updated_at"]),
    }


def present_channel(row: Row) -> dict[str, Any]:
    """A channel's row as the API shows it."""
    split = {"version": row["split_version"], "weight": row["split_weight"]}
    return {
        "name": row["name"],
        "version": row["version"],
        "split": split if row["split_version"] else None,
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
    }
