"""Lists the newest threads, however many there are: ``python examples/paginate.py 250``."""

import sys

from athena_client import Athena


def main(limit: int) -> None:
    """Prints one line for each; pages are fetched as they are needed."""
    with Athena() as client:
        for thread in client.threads.list(limit=limit, sort="-created_at"):
            print(thread["created_at"], thread["name"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
