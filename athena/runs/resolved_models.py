"""What the accepting side already knows, for a run that the same process begins at once."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from athena.large_language_models.service import ResolvedModel

MOST = 2_000


class ResolvedModels:
    """The way to the model of each run that was just accepted; only a shortcut, so the oldest may be forgotten."""

    def __init__(self) -> None:
        self._models: OrderedDict[UUID, ResolvedModel] = OrderedDict()

    def put(self, run_uuid: UUID, model: ResolvedModel) -> None:
        """Keeps the model until the run takes it."""
        self._models[run_uuid] = model
        if len(self._models) > MOST:
            self._models.popitem(last=False)

    def take(self, run_uuid: UUID) -> ResolvedModel | None:
        """The model, once."""
        return self._models.pop(run_uuid, None)
