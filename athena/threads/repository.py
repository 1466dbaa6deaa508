"""All SQL of threads."""

from __future__ import annotations

from athena.kit.repository import Repository
from athena.threads.models import threads


class ThreadRepository(Repository):
    """The threads of one workspace."""

    table = threads
    counted = True
