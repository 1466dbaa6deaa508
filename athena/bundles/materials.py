"""The kinds beside the plain ones: what agents learn, and what they are evaluated with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Final, cast
from uuid import UUID

import orjson
from pydantic import Field, RootModel

from athena.bundles.kinds import ROW_KINDS, KindService, Present, Spec
from athena.evaluations.datasets import MAXIMUM_ITEMS, DatasetService
from athena.evaluations.schemas import DatasetCreate, DatasetItemCreate, DatasetUpdate
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.schemas import Input, Uuid
from athena.permissions import Permission
from athena.training.schemas import AgentTraining, QaSource, TextSource, UrlSource
from athena.training.service import AgentSourceService

LEARNT: Final = ("text", "qa", "url")
"""The types of sources that travel; a file or a conversation does not."""


class _TextKnowledge(TextSource):
    agent_uuid: Uuid


class _QaKnowledge(QaSource):
    agent_uuid: Uuid


class _UrlKnowledge(UrlSource):
    agent_uuid: Uuid


class _Knowledge(
    RootModel[Annotated[_TextKnowledge | _QaKnowledge | _UrlKnowledge, Field(discriminator="type")]],
):
    """A source of training, with the agent that learns it."""


class EvaluationSet(DatasetCreate):
    """A dataset with all of its items."""

    items: Annotated[list[DatasetItemCreate], Field(max_length=MAXIMUM_ITEMS)] = Field(
        default_factory=list[DatasetItemCreate]
    )


class Knowledge(KindService):
    """What agents learn. It is learnt in the background, once it is applied."""

    view = Permission.AGENTS_VIEW
    create_permission = update_permission = Permission.AGENTS_TRAIN
    fixed = frozenset({"agent_uuid", "type"})

    def checked(self, spec: Mapping[str, Any]) -> Input:
        """See :class:`athena.bundles.kinds.KindService`."""
        return _Knowledge.model_validate_json(orjson.dumps(spec, default=str)).root

    async def present(self, uuid: UUID) -> Present:
        """See :class:`athena.bundles.kinds.KindService`."""
        row = await AgentSourceService(self._session, self._access).with_content(uuid)
        if row["type"] not in LEARNT:
            raise NotFound("The source does not exist in this workspace.")
        return Present(self.normal(spec_of_source(row)), row["revision"])

    async def create(self, spec: Mapping[str, Any]) -> UUID:
        """See :class:`athena.bundles.kinds.KindService`."""
        given = self.full(spec)
        agent_uuid = UUID(given.pop("agent_uuid"))
        training = AgentTraining.model_validate_json(orjson.dumps({"sources": [given]}))
        sources = AgentSourceService(self._session, self._access)
        run_uuid = await sources.train(agent_uuid, training)
        [uuid] = [row["uuid"] for row in await sources.of_agents([agent_uuid]) if row["run_uuid"] == run_uuid]
        return uuid

    async def update(self, uuid: UUID, spec: Mapping[str, Any], present: Present) -> UUID:
        """See :class:`athena.bundles.kinds.KindService`."""
        made = await self.create(spec)
        if made != uuid:
            # Another title or address is another source.
            agent_uuid = UUID(present.spec["agent_uuid"])
            await AgentSourceService(self._session, self._access).delete(agent_uuid, uuid, None)
        return made


class EvaluationSets(KindService):
    """Datasets. Items that stay as they are keep the results that they have had."""

    model = EvaluationSet
    view, create_permission = Permission.DATASETS_VIEW, Permission.DATASETS_CREATE
    update_permission = Permission.DATASETS_UPDATE

    def __init__(self, session: Session, access: Access) -> None:
        super().__init__(session, access)
        self._datasets = DatasetService(session, access)

    def shown(self, dumped: Spec) -> Spec:
        """Items that are one sentence of the user say just that."""
        return {**super().shown(dumped), "items": [_shorter(each) for each in dumped.get("items", ())]}

    async def present(self, uuid: UUID) -> Present:
        """See :class:`athena.bundles.kinds.KindService`."""
        row = await self._datasets.get(uuid)
        items = [_item(each) for each in await self._datasets.all_items(uuid)]
        spec = {"name": row["name"], "description": row["description"], "items": items}
        return Present(self.normal(spec), row["revision"])

    async def create(self, spec: Mapping[str, Any]) -> UUID:
        """See :class:`athena.bundles.kinds.KindService`."""
        return (await self._datasets.create(cast("EvaluationSet", self.checked(spec))))["uuid"]

    async def update(self, uuid: UUID, spec: Mapping[str, Any], present: Present) -> UUID:
        """See :class:`athena.bundles.kinds.KindService`."""
        given = self.normal(spec)
        update = DatasetUpdate(name=given["name"], description=given.get("description", ""))
        await self._datasets.update(uuid, update, present.revision)
        wanted = Counter(_text(each) for each in given["items"])
        for row in await self._datasets.all_items(uuid):
            text = _text(_normal_item(_item(row)))
            if wanted[text]:
                wanted[text] -= 1
            else:
                await self._datasets.delete_item(uuid, row["uuid"], None)
        for text in wanted.elements():
            await self._datasets.add_item(uuid, DatasetItemCreate.model_validate_json(text))
        return uuid


def spec_of_source(row: Row) -> Spec:
    """A source of training as a spec, with the agent's uuid."""
    spec: Spec = {"agent_uuid": row["agent_uuid"], "type": row["type"]}
    if row["type"] == "text":
        return {**spec, "title": row["title"], "text": row["content"]}
    if row["type"] == "qa":
        titled = {"title": row["title"]} if row["key"] == f"qa:{row['title']}" else {}
        return {**spec, **titled, "pairs": row["content"]}
    return {**spec, "url": row["url"], **row["options"]}


def _item(row: Row) -> Spec:
    return {"messages": row["messages"], "expectations": row["expectations"]}


def _normal_item(item: Spec) -> Spec:
    given = DatasetItemCreate.model_validate_json(orjson.dumps(item))
    return _shorter(given.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _shorter(item: Spec) -> Spec:
    messages = item.get("messages")
    if messages and len(messages) == 1:
        return {"input": messages[0]["content"], "expectations": item["expectations"]}
    return item


def _text(item: Spec) -> str:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()


KIND_SERVICES: Final[Mapping[str, type[KindService]]] = {
    **ROW_KINDS,
    "knowledge": Knowledge,
    "evaluation_sets": EvaluationSets,
}


class Kinds:
    """The kinds' services for one caller, each made once."""

    def __init__(self, session: Session, access: Access) -> None:
        self._made = {kind: service(session, access) for kind, service in KIND_SERVICES.items()}

    def __getitem__(self, kind: str) -> KindService:
        return self._made[kind]
