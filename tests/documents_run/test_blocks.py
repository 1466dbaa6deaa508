"""What stands in the documentation can be typed: it parses, its commands exist, and its requests fit the API."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import typer.main
import yaml

from athena.cli import cli
from scripts.openapi import present_document
from tests.documents_run.blocks import SHELLS, Block, blocks, calls

LANGUAGES = {
    "",
    "bash",
    "dockerfile",
    "ini",
    "js",
    "json",
    "mermaid",
    "nginx",
    "python",
    "sh",
    "text",
    "toml",
    "ts",
    "yaml",
}
COMPILED = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
VALUED = {"-X", "-H", "-d", "-F", "-o", "-u", "--data", "--data-binary", "--header", "--request"}


def in_language(language: str) -> list[Block]:
    return [block for block in blocks() if block.language == language]


def test_every_block_says_in_what_language_it_is() -> None:
    assert {block.language for block in blocks()} <= LANGUAGES


def test_blocks_in_json_parse() -> None:
    for block in in_language("json"):
        try:
            json.loads(block.text)
        except ValueError as error:
            pytest.fail(f"{block}: {error}")


def test_blocks_in_yaml_parse() -> None:
    for block in in_language("yaml"):
        assert list(yaml.safe_load_all(block.text)), block


def test_blocks_in_python_compile() -> None:
    for block in in_language("python"):
        try:
            compile(block.text, str(block), "exec", flags=COMPILED)
        except SyntaxError as error:
            pytest.fail(f"{block}: {error}")


def test_blocks_for_a_shell_parse() -> None:
    for block in (each for language in SHELLS for each in in_language(language)):
        done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}: {done.stderr}"


def test_every_command_of_athena_exists_and_takes_its_options() -> None:
    group = typer.main.get_command(cli)
    found = 0
    for block, words in calls("athena"):
        command: Any = group
        rest = list(words)
        while rest and hasattr(command, "commands"):
            assert rest[0] in command.commands, f"{block}: athena has no {rest[0]}"
            command, rest = command.commands[rest[0]], rest[1:]
        try:
            command.make_context(block.page, rest)
        except Exception as error:  # noqa: BLE001 - whatever the command line says against it
            pytest.fail(f"{block}: athena {' '.join(words)}: {getattr(error, 'message', error)!s}")
        found += 1
    assert found > 20


def requests() -> list[tuple[Block, str, str, Any]]:
    """The requests of curl to Athena: method, address, and the body in JSON, where one stands there."""
    found: list[tuple[Block, str, str, Any]] = []
    for block, words in calls("curl"):
        options: dict[str, list[str]] = {}
        rest = iter(words)
        for word in rest:
            options.setdefault(word, []).append(next(rest, "") if word in VALUED else word)
        url = next((word for word in options if "/api/v1/" in word), None)
        if url is None:
            continue
        data = (options.get("-d") or options.get("--data") or [None])[0]
        sends = data is not None or "-F" in options or "--data-binary" in options
        method = (options.get("-X") or ["POST" if sends else "GET"])[0]
        body = json.loads(data) if data and data[0] in "[{" else None
        found.append((block, method, url, body))
    return found


def operation_of(paths: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    for template, item in paths.items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if method.lower() in item and re.fullmatch(pattern, path):
            return item[method.lower()]
    return None


def test_every_request_of_curl_is_an_operation_with_its_parameters_and_fields() -> None:
    document = present_document()
    schemas = document["components"]["schemas"]
    assert len(requests()) > 30
    for block, method, url, body in requests():
        parts = urlsplit(url)
        operation = operation_of(document["paths"], method, parts.path)
        assert operation is not None, f"{block}: there is no {method} {parts.path}"
        known = {each["name"] for each in operation.get("parameters", ())}
        assert set(parse_qs(parts.query)) <= known, f"{block}: {parts.query}"
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        reference = content.get("schema", {}).get("$ref", "")
        schema = schemas.get(reference.rpartition("/")[2], {})
        if isinstance(body, dict) and schema.get("additionalProperties") is False:
            assert set(body) <= set(schema["properties"]), f"{block}: {body}"
            assert set(schema.get("required", ())) <= set(body), f"{block}: {body}"
