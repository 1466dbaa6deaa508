"""The rules of datasets and their items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from athena.accounts.service import AccountService
from athena.evaluations.repository import DatasetItemRepository, DatasetRepository
from athena.evaluations.schemas import (
    DatasetCreate,
    DatasetItemCreate,
    DatasetItemsImport,
    DatasetItemUpdate,
    DatasetUpdate,
)
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.users import service as users

RELATIONS = ("creator",)
MAXIMUM_ITEMS: Final = 2_000

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description"),
    filters={"creator_uuid": UUID},
    relations=RELATIONS,
)
ITEM_LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at"},
    searchable=("messages::text",),
    default_sort="created_at",
)


class DatasetService:
    """The datasets of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._datasets = DatasetRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of datasets."""
        return await self._datasets.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One dataset; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._datasets.get(uuid)

    async def create(self, given: DatasetCreate) -> Row:
        """Stores a new dataset of the caller, with its first items."""
        items = [await self._said(each) for each in given.items]
        row = await self._datasets.insert(
            {
                "uuid": new_uuid(),
                "name": given.name,
                "description": given.description,
                "creator_uuid": self._access.user_uuid,
            }
        )
        await self._items(row["uuid"]).insert_many(
            [(new_uuid(), item["messages"], item["expectations"]) for item in items]
        )
        return row

    async def update(self, uuid: UUID, given: DatasetUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names."""
        return await self._datasets.update(uuid, given.changes(), revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a dataset with its items and evaluations; one that is at work ends with its present items."""
        await self._datasets.delete(uuid, revision)

    async def items(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of a dataset's items."""
        await self._datasets.get(uuid)
        return await self._items(uuid).page(query)

    async def all_items(self, uuid: UUID) -> list[Row]:
        """Every item, oldest first."""
        await self._datasets.get(uuid)
        return await self._items(uuid).everything()

    async def item(self, uuid: UUID, item_uuid: UUID) -> Row:
        """One item."""
        return await self._items(uuid).get(item_uuid)

    async def add_item(self, uuid: UUID, given: DatasetItemCreate) -> Row:
        """Stores a new item."""
        await self._check_room(uuid, 1)
        row = await self._items(uuid).insert({"uuid": new_uuid(), **await self._said(given)})
        await self._datasets.items_changed(uuid)
        return row

    async def add_items(self, uuid: UUID, given: DatasetItemsImport) -> Row:
        """Stores new items, all of them or none; the dataset, as it is then."""
        await self._check_room(uuid, len(given.items))
        items = [await self._said(each) for each in given.items]
        await self._items(uuid).insert_many([(new_uuid(), each["messages"], each["expectations"]) for each in items])
        await self._datasets.items_changed(uuid)
        return await self._datasets.get(uuid)

    async def _check_room(self, uuid: UUID, wanted: int) -> None:
        """Refuses more items than a dataset has; nobody else adds any before this transaction ends."""
        await self._datasets.locked(uuid)
        if (await self._datasets.counts([uuid])).get(uuid, 0) + wanted > MAXIMUM_ITEMS:
            raise ValidationFailed.of("dataset_uuid", f"A dataset has at most {MAXIMUM_ITEMS} items.")

    async def update_item(self, uuid: UUID, item_uuid: UUID, given: DatasetItemUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names."""
        await self._datasets.locked(uuid)
        row = await self._items(uuid).update(item_uuid, await self._said(given, given.model_fields_set), revision)
        await self._datasets.items_changed(uuid)
        return row

    async def delete_item(self, uuid: UUID, item_uuid: UUID, revision: int | None) -> None:
        """Deletes an item. Results that it has had stay."""
        await self._datasets.locked(uuid)
        await self._items(uuid).delete(item_uuid, revision)
        await self._datasets.items_changed(uuid)

    async def _said(
        self, given: DatasetItemCreate | DatasetItemUpdate, named: set[str] | None = None
    ) -> dict[str, Any]:
        """What an item says, as it is stored; only what is ``named``."""
        dumped = given.model_dump(mode="json", by_alias=True)
        if dumped.get("input") is not None:
            dumped["messages"] = [{"role": "user", "content": dumped["input"]}]
        names = [name for name in ("messages", "expectations") if named is None or name in named]
        if "expectations" in names:
            await self._check_accounts(dumped["expectations"])
        return {name: dumped[name] for name in names}

    async def _check_accounts(self, expectations: Sequence[Mapping[str, Any]]) -> None:
        """Refuses judges whose account the workspace does not have."""
        for account in {each.get("account_uuid") for each in expectations} - {None}:
            await AccountService(self._session, self._access).get(UUID(account))

    def _items(self, uuid: UUID) -> DatasetItemRepository:
        return DatasetItemRepository(self._session, self._access.workspace_uuid, uuid)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Datasets as other resources show them, by uuid."""
        rows = list((await self._datasets.by_ids(uuids)).values())
        shown = await self.show(rows, frozenset())
        return {row["uuid"]: item for row, item in zip(rows, shown, strict=True)}

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        counts = await self._datasets.counts([row["uuid"] for row in rows])
        items = [_present(row, counts.get(row["uuid"], 0)) for row in rows]
        if "creator" in relations:
            found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = found.get(row["creator_uuid"])
        return items


def _present(row: Row, items_count: int) -> dict[str, Any]:
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "description": row["description"],
        "items_count": items_count,
        "creator": None,
    }


def present_item(row: Row) -> dict[str, Any]:
    """An item's row as the API shows it."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "dataset_uuid": row["dataset_uuid"],
        "messages": row["messages"],
        "expectations": row["expectations"],
    }
