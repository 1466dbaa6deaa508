"""Shows the events of an agent's run: ``python examples/stream.py AGENT_UUID "What to do"``."""

import asyncio
import sys

from athena_client import AsyncAthena


async def main(agent_uuid: str, wish: str) -> None:
    """Prints each event; the connection may break meanwhile."""
    async with AsyncAthena() as client, client.agents.stream(agent_uuid, input=wish) as stream:
        async for event in stream:
            print(event.id, event.type)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
