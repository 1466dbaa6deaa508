"""Much of everything, put into the database of a running Athena at once: over the API it would take minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import asyncpg

from athena.postgres import find_running

THREADS: Final = """
INSERT INTO threads (workspace_uuid, uuid, created_at, updated_at, name, metadata, last_message_at, agent_uuid)
SELECT $1, uuidv7(n * interval '-3 hours'), now(), now(), 'Chat ' || n, '{}', now() - n * interval '3 hours', $2
FROM generate_series(1, $3) AS n
"""
MESSAGES: Final = """
WITH placed AS MATERIALIZED (
    SELECT n, uuidv7((n - $3) * interval '1 minute') AS uuid, now() + (n - $3) * interval '1 minute' AS at
    FROM generate_series(1, $3) AS n
)
INSERT INTO messages
    (workspace_uuid, uuid, created_at, updated_at, thread_uuid, parent_uuid, role, content, status, metadata)
SELECT $1, uuid, at, at, $2, lag(uuid) OVER (ORDER BY n), CASE n % 2 WHEN 0 THEN 'assistant' ELSE 'user' END,
    to_jsonb(replace(($4::text[])[1 + n % 2], '{n}', n::text)), 'completed', '{}'
FROM placed
"""
ASKED: Final = "This is message {n}. What of it?"
ANSWERED: Final = """This is message {n}. Of it there is **much**, for instance `code`, a list and a table:

- one, of which more could be said in a line that is long enough to be broken in two on many a window,
- two, $a^2 + b^2 = c^2$

| a | b |
|---|---|
| 1 | 2 |

```python
print("message {n}")
```
"""


async def add_threads(data: Path, workspace: str, agent: str | None, count: int) -> None:
    """``Chat 1``, the newest, and so on: eight a day."""
    await _execute(data, THREADS, workspace, agent, count)


async def add_messages(data: Path, workspace: str, thread: str, count: int) -> None:
    """A conversation in which every other message is an answer; the last one is the newest."""
    await _execute(data, MESSAGES, workspace, thread, count, [ANSWERED, ASKED])


async def _execute(data: Path, statement: str, *values: object) -> None:
    address = find_running(data)
    assert address is not None
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()
