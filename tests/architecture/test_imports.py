"""Who may import what, beyond the layers that ``lint-imports`` holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Modules = list[Any]

FASTAPI = {"fastapi", "starlette"}
WITHOUT_FASTAPI_FILES = {"service.py", "repository.py", "tasks.py", "models.py"}
WITHOUT_FASTAPI_ROOMS = {"engine", "llm"}
WITHOUT_SQLALCHEMY_FILES = {"endpoints.py", "schemas.py"}
HTTP_CLIENTS = ("aiohttp", "httpx", "httpx2", "requests", "urllib3", "urllib.request", "http.client")
# The one guarded client, and the download of the packaged model, whose addresses are fixed and whose hash decides.
# What connects MCP's client, which is httpx2's, to that guarded client makes no connection of its own.
HTTP_PLACES = {
    # Asks the server of this very machine.
    "athena/health.py",
    "athena/kit/egress/client.py",
    "athena/local_model/hub.py",
    "athena/tools/mcp_servers.py",
    "athena/tools/mcp_transport.py",
}
ORDER = {"endpoints": 3, "tasks": 3, "service": 2, "repository": 1, "models": 0, "schemas": 0}


def broken(modules: Modules, applies: Callable[[Any], bool], forbids: Callable[[Any, str], bool]) -> list[str]:
    return [
        f"{each.name} imports {name}"
        for each in modules
        if applies(each)
        for name in dict.fromkeys(each.imports())
        if forbids(each, name)
    ]


def is_of(name: str, packages: set[str] | tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_rules_do_not_know_http(modules: Modules) -> None:
    def applies(each: Any) -> bool:
        in_room = each.room not in {"", "kit"} and each.path.name in WITHOUT_FASTAPI_FILES
        return in_room or each.room in WITHOUT_FASTAPI_ROOMS

    assert not broken(modules, applies, lambda _, name: is_of(name, FASTAPI))


def test_http_does_not_know_the_database(modules: Modules) -> None:
    def applies(each: Any) -> bool:
        return each.room == "llm" or (each.room not in {"", "kit"} and each.path.name in WITHOUT_SQLALCHEMY_FILES)

    assert not broken(modules, applies, lambda _, name: is_of(name, {"sqlalchemy", "asyncpg"}))


def test_only_the_application_knows_endpoints(modules: Modules) -> None:
    def forbids(_each: Any, name: str) -> bool:
        return name.startswith("athena.") and name.rsplit(".", maxsplit=1)[-1] == "endpoints"

    assert not broken(modules, lambda each: each.name != "athena/app.py", forbids)


def test_a_repository_is_its_rooms_own(modules: Modules) -> None:
    def forbids(each: Any, name: str) -> bool:
        parts = name.split(".")
        return (
            len(parts) > 2 and parts[0] == "athena" and parts[2] == "repository" and parts[1] not in {each.room, "kit"}
        )

    assert not broken(modules, lambda _: True, forbids)


def test_inside_a_room_it_goes_down(modules: Modules) -> None:
    def applies(each: Any) -> bool:
        return each.room not in {"", "kit", "engine"} and each.path.stem in ORDER

    def forbids(each: Any, name: str) -> bool:
        parts = name.split(".")
        if parts[:2] != ["athena", each.room] or len(parts) < 3 or parts[2] not in ORDER:
            return False
        other = parts[2]
        return other != each.path.stem and ORDER[other] >= ORDER[each.path.stem]

    assert not broken(modules, applies, forbids)


def test_every_outside_call_goes_through_the_guarded_client(modules: Modules) -> None:
    assert not broken(modules, lambda each: each.name not in HTTP_PLACES, lambda _, name: is_of(name, HTTP_CLIENTS))
