"""Talks with an agent, in one thread: ``python examples/chat.py AGENT_UUID``; an empty line ends it."""

import sys

from athena_client import Athena


def main(agent_uuid: str) -> None:
    """Reads what the user says, and prints the answers as they come."""
    with Athena() as client:
        thread = client.threads.create(agent_uuid=agent_uuid)
        while said := input("> "):
            with client.threads.stream(thread["uuid"], message=said) as stream:
                for text in stream.text():
                    print(text, end="", flush=True)
            print()


if __name__ == "__main__":
    main(sys.argv[1])
