"""How a tool of the type mcp is configured."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from athena.tools.base import ToolConfig

FUNCTIONS: Final = 128


class McpConfig(ToolConfig):
    """The server, and what of it is used."""

    url: Annotated[
        str | None,
        Field(
            min_length=8,
            max_length=2_000,
            pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://",
            description="The server's address, of streamable HTTP. Left out: the account's or its provider's base URL.",
            examples=["https://mcp.example.com/mcp"],
        ),
    ] = None
    server: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            description="In place of `url`, and without an account: a program that the operator configured.",
        ),
    ] = None
    tools: Annotated[
        Literal["all"] | Annotated[list[str], Field(min_length=1, max_length=FUNCTIONS)],
        Field(description="The tools that are offered, by the names that the server gives them."),
    ] = "all"

    @model_validator(mode="after")
    def _one_server(self) -> McpConfig:
        if self.server is not None and self.url is not None:
            raise ValueError("Give either url or server.")
        return self
