"""How an operation is called with curl, from Python and from JavaScript, by the example of the OpenAPI document."""

from __future__ import annotations

import inspect
import json
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

from athena_client import Athena

Operation = Mapping[str, Any]
SERVER: Final = "http://127.0.0.1:8000"
UUID: Final = "01980000-0000-7000-8000-000000000000"
PREFIX: Final = "/api/v1"
UPLOAD: Final = "multipart/form-data"
ACTIONS: Final = ("run", "cancel", "answer", "generate", "counts")
FILE: Final = "notes.txt"
SHORT: Final = 100
"""Characters of a line that is read without scrolling."""
WORDS: Final[Mapping[str, str]] = {
    "a": UUID,
    "b": UUID,
    "channel": "live",
    "name": "12.output",
    "node": "fetch",
    "number": "2",
    "permission": "agents.run",
    "signature": "signature-of-the-address",
    "since": "1",
    "token": "token-of-the-link",
}
"""What stands in paths and queries."""


def concrete(path: str) -> str:
    """A path with values in place of its names."""
    return re.sub(r"\{(\w+)\}", lambda found: _word(found.group(1)), path)


def body_of(operation: Operation) -> Any:
    """The example of its JSON body; ``None`` where it has none."""
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


def is_upload(operation: Operation) -> bool:
    """Whether it takes a file, and nothing else."""
    return list(operation.get("requestBody", {}).get("content", {})) == [UPLOAD]


def query_of(operation: Operation) -> dict[str, str]:
    """What the query has to have."""
    needed = [each for each in operation.get("parameters", ()) if each["in"] == "query" and each.get("required")]
    return {each["name"]: _word(each["name"]) for each in needed}


def address(path: str, operation: Operation) -> str:
    """The whole address of the example."""
    query = "&".join(f"{name}={value}" for name, value in query_of(operation).items())
    return f"{SERVER}{concrete(path)}{'?' if query else ''}{query}"


def curl(method: str, path: str, operation: Operation) -> str:
    """The call on a command line."""
    verb = "" if method == "get" else f"-X {method.upper()} "
    lines = [f"curl -s {verb}'{address(path, operation)}'", '  -H "Authorization: Bearer $TOKEN"']
    body = body_of(operation)
    if is_upload(operation):
        lines.append(f"  -F file=@{FILE}")
    elif body is not None:
        text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{text}'"]
    return " \\\n".join(lines)


def javascript(method: str, path: str, operation: Operation) -> str:
    """The call with ``fetch``, as a module."""
    options = [f'  method: "{method.upper()}",'] if method != "get" else []
    headers = ["Authorization: `Bearer ${token}`"]
    before = ""
    body = body_of(operation)
    if is_upload(operation):
        before = (
            f'const form = new FormData();\nform.append("file", new Blob(["Gravel needs wide tyres."]), "{FILE}");\n'
        )
        options.append("  body: form,")
    elif body is not None:
        headers.append('"Content-Type": "application/json"')
        options.append(f"  body: JSON.stringify({_indented(json.dumps(body, ensure_ascii=False, indent=2))}),")
    options.append(f"  headers: {{ {', '.join(headers)} }},")
    call = "\n".join([f'{before}const answer = await fetch("{address(path, operation)}", {{', *options, "});"])
    return f"{call}\nconsole.log(answer.status, await answer.text());"


def python(method: str, path: str, operation: Operation) -> str:
    """The call with ``athena_client``: by the resource's method where there is one."""
    if not _is_json(operation):
        return _plain(method, path, operation)
    call = _method(method, path, operation) or _request(method, path, operation)
    needed = "from pathlib import Path\n\n" if "Path(" in call else ""
    return f'{needed}from athena_client import Athena\n\nwith Athena("{SERVER}", token) as client:\n{_shifted(call)}'


@cache
def _resources() -> Mapping[str, tuple[str, Any]]:
    """By path, the client's attribute and what it holds."""
    with Athena(SERVER, "token") as client:
        found = {name: each for name, each in vars(client).items() if hasattr(each, "_path")}
        return {f"{PREFIX}{each._path}": (name, each) for name, each in found.items()}  # noqa: SLF001


def _method(method: str, path: str, operation: Operation) -> str | None:
    root, _, rest = path.removeprefix(f"{PREFIX}/").partition("/")
    name, resource = _resources().get(f"{PREFIX}/{root}", ("", None))
    body = body_of(operation)
    plain = isinstance(body, dict | None) and not query_of(operation)
    if resource is None or not plain:
        return None
    if not rest and method == "get":
        return f"for each in client.{name}.list():\n    print(each)"
    called, first = _called(method, rest)
    if called == "create" and is_upload(operation) and hasattr(resource, "upload"):
        return f'print(client.{name}.upload("{FILE}"))'
    if not called or not hasattr(resource, called) or is_upload(operation):
        return None
    words = cast("dict[str, Any]", body or {})
    if not _takes(getattr(resource, called), words, with_uuid=first):
        return None
    given = {(f"{key}_" if keyword.iskeyword(key) else key): value for key, value in words.items()}
    arguments = [*([f'"{UUID}"'] if first else []), *(f"{key}={_value(value)}" for key, value in given.items())]
    return _call(f"client.{name}.{called}", arguments)


def _takes(called: Callable[..., Any], given: Mapping[str, Any], *, with_uuid: bool) -> bool:
    """Whether a method of the client can be called so."""
    try:
        inspect.signature(called).bind(*([UUID] if with_uuid else []), **given)
    except TypeError:
        return False
    return True


def _called(method: str, rest: str) -> tuple[str, bool]:
    """The name of the client's method, and whether it takes the resource's uuid."""
    plain = {("post", ""): "create", ("get", "{}"): "get", ("put", "{}"): "update", ("delete", "{}"): "delete"}
    shape = re.sub(r"\{\w+\}", "{}", rest)
    if found := plain.get((method, shape)):
        return found, bool(shape)
    identified, _, action = shape.rpartition("/")
    wanted = "get" if action == "counts" else "post"
    if action in ACTIONS and method == wanted and identified in {"", "{}"}:
        return action, bool(identified)
    return "", False


def _request(method: str, path: str, operation: Operation) -> str:
    arguments = [f'"{method.upper()}"', f'"{concrete(path).removeprefix(PREFIX)}"']
    if query := query_of(operation):
        arguments.append(f"query={_value(query)}")
    body = body_of(operation)
    if is_upload(operation):
        arguments.append(f'files={{"file": ("{FILE}", Path("{FILE}").read_bytes())}}')
    elif body is not None:
        arguments.append(f"body={_value(body)}")
    return _call("client.request", arguments)


def _is_json(operation: Operation) -> bool:
    """Whether the client can read what it answers: JSON, or nothing."""
    found = [each.get("content") for status, each in operation["responses"].items() if status.startswith("2")]
    return any(not content or "application/json" in content for content in found)


def _plain(method: str, path: str, operation: Operation) -> str:
    """The call of what answers with bytes."""
    if path == f"{PREFIX}/runs/{{run_uuid}}/events":
        use = f'for event in client.runs.events("{UUID}"):\n    print(event.id, event.type, event.data)'
        return f'from athena_client import Athena\n\nwith Athena("{SERVER}", token) as client:\n{_shifted(use)}'
    body = body_of(operation)
    content = "" if body is None else ', "Content-Type": "application/json"'
    arguments = [f'"{address(path, operation)}"', f'headers={{"Authorization": f"Bearer {{token}}"{content}}}']
    if body is not None:
        arguments.append(f"data=json.dumps({_value(body)}).encode()")
    if method != "get":
        arguments.append(f'method="{method.upper()}"')
    needed = "" if body is None else "import json\n"
    request = f"request = Request(\n{_shifted(_lines(arguments))}\n)"
    read = "with urlopen(request) as answer:\n    print(len(answer.read()))"
    return f"{needed}from urllib.request import Request, urlopen\n\n{request}\n{read}"


def _call(name: str, arguments: list[str]) -> str:
    line = f"print({name}({', '.join(arguments)}))"
    if "\n" not in line and len(line) <= SHORT:
        return line
    return f"answer = {name}(\n{_shifted(_lines(arguments))}\n)\nprint(answer)"


def _value(value: Any) -> str:
    """JSON as Python writes it: on one line where that is short."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            parts = [_value(each) for each in cast("list[Any]", value)]
            begin, end = "[]"
        case dict():
            parts = [f"{_value(key)}: {_value(each)}" for key, each in cast("dict[str, Any]", value).items()]
            begin, end = "{}"
        case _:
            return repr(value)
    line = f"{begin}{', '.join(parts)}{end}"
    return line if len(line) <= SHORT else f"{begin}\n{_shifted(_lines(parts))}\n{end}"


def _lines(parts: Sequence[str]) -> str:
    return "\n".join(f"{each}," for each in parts)


def _shifted(text: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in text.splitlines())


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _word(name: str) -> str:
    return UUID if name.endswith("uuid") else WORDS[name]
