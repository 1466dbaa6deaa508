"""OpenAPI 3 documents: read, and taken apart into operations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import orjson
import yaml

from athena.tools.base import JsonObject, ToolFailed, ToolFunction
from athena.tools.function_schema import bounded, description, fitting_name, look_up, plain_text, portable

JSON_BYTES: Final = 8 * 1024 * 1024
YAML_BYTES: Final = 1024 * 1024
OPERATIONS: Final = 2_000
METHODS: Final = ("get", "head", "options", "post", "put", "patch", "delete")
REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
BODY: Final = "body"
SET_BY_ITSELF: Final = frozenset(
    {
        *("accept", "authorization", "content-type", "content-length", "cookie", "host", "connection", "upgrade"),
        *("te", "trailer", "transfer-encoding", "expect", "keep-alive"),
    }
)
STYLES: Final[Mapping[str, tuple[str, ...]]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
}
"""Where parameters go, and the styles there, the default first."""

Place = Literal["path", "query", "header"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a value is written; see the OpenAPI specification's Style Values."""

    name: str
    explode: bool
    reserved: bool = False
    """Whether reserved characters stay as they are."""
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; ``argument`` is its name among the function's arguments."""

    argument: str
    name: str
    place: Place
    required: bool
    style: Style
    schema: JsonObject


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A body. ``fields`` are the styles of a form's fields that are not written as usual."""

    media_type: str
    required: bool
    schema: JsonObject
    fields: Mapping[str, Style]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``problem``: why it cannot be called."""

    id: str
    method: str
    path: str
    description: str
    parameters: Sequence[Parameter]
    body: RequestBody | None
    server: str | None
    problem: str | None = None

    def function(self, name: str) -> ToolFunction:
        """What a model may call."""
        properties = {each.argument: dict(each.schema) for each in self.parameters}
        required = [each.argument for each in self.parameters if each.required]
        if self.body is not None:
            properties[BODY] = dict(self.body.schema)
            required += [BODY] if self.body.required else []
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        return ToolFunction(name, self.description, bounded(schema), self.method in REPEATABLE)


@dataclass(frozen=True, slots=True)
class Document:
    """The operations of a document, by id."""

    operations: Mapping[str, Operation]

    def chosen(self, ids: Sequence[str] | None) -> dict[str, Operation]:
        """Operations by the names of their functions; ``None``: all that can be called.

        :class:`ToolFailed` when one is not there, or cannot be called.
        """
        if ids is None:
            found = [each for each in self.operations.values() if each.problem is None]
        else:
            found = [self._operation(each) for each in dict.fromkeys(ids)]
        return _named(found)

    def _operation(self, operation_id: str) -> Operation:
        operation = self.operations.get(operation_id)
        if operation is None:
            known = ", ".join([*self.operations][:30]) or "none"
            text = f"The document has no operation {plain_text(operation_id, 200)!r}; there are: {known}."
            raise ToolFailed("unknown_function", text)
        if operation.problem is not None:
            raise ToolFailed("operation_unsupported", f"{operation.id} cannot be called: {operation.problem}")
        return operation


def _named(operations: Sequence[Operation]) -> dict[str, Operation]:
    named: dict[str, Operation] = {}
    for operation in operations:
        name = fitting_name(re.sub(r"[^A-Za-z0-9_-]+", "_", operation.id).strip("_"))
        if not name or name in named:
            name = fitting_name(f"{operation.id} {operation.method}")
        named[name] = operation
    return named


def read(text: str | bytes) -> object:
    """JSON or YAML as JSON values; :class:`ToolFailed` when it is neither, or too much."""
    content = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(content) > JSON_BYTES:
        raise ToolFailed("document_too_large", f"The document has more than {JSON_BYTES // 1024**2} MiB.")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if content.lstrip()[:1] == b"{":
            raise ToolFailed("document_malformed", f"The document is not JSON: {error}.") from error
    if len(content) > YAML_BYTES:
        raise ToolFailed("document_too_large", "The document has more than 1 MiB of YAML; give it as JSON.")
    return _yaml(content.decode("utf-8", "replace"))


class _Loader(yaml.CSafeLoader):
    """Dates stay the texts that they are in JSON."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the library has it
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def _yaml(text: str) -> object:
    try:
        for event in yaml.parse(text, Loader=_Loader):  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            if isinstance(event, yaml.AliasEvent):
                # A few lines of them can unfold to more than any memory holds.
                raise ToolFailed("document_malformed", "The document has YAML aliases, which are not taken; use $ref.")
        found: object = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
        return orjson.loads(orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError, OverflowError) as error:
        where = getattr(error, "problem_mark", None)
        place = f" (line {where.line + 1})" if where is not None else ""
        raise ToolFailed("document_malformed", f"The document is neither JSON nor YAML{place}.") from error


def taken_apart(document: object) -> Document:
    """The operations of an OpenAPI 3.0 or 3.1 document; :class:`ToolFailed` when it is none."""
    root = _object(document)
    if "swagger" in root:
        raise ToolFailed("document_unsupported", "The document is of Swagger 2; convert it to OpenAPI 3 first.")
    version = root.get("openapi")
    if not isinstance(version, str) or not re.match(r"3\.[01](\.|$)", version):
        said = plain_text(version, 20) if isinstance(version, str) else "none"
        raise ToolFailed("document_unsupported", f"OpenAPI 3.0 and 3.1 are read; the document's version is {said}.")
    server = _server(root.get("servers"))
    operations: dict[str, Operation] = {}
    for path, item in _object(root.get("paths")).items():
        given = _resolved(item, root)
        for method in METHODS:
            if len(operations) >= OPERATIONS:
                raise ToolFailed("document_too_large", f"The document has more than {OPERATIONS:,} operations.")
            if isinstance(given.get(method), dict):
                operation = _operation(root, path, method, given, server)
                operations.setdefault(operation.id, operation)
    return Document(operations)


def _operation(root: JsonObject, path: str, method: str, item: JsonObject, server: str | None) -> Operation:
    given = _object(item[method])
    operation_id = plain_text(given.get("operationId"), 200) or f"{method.upper()} {path}"
    parameters, problem = _parameters(root, [*_items(item.get("parameters")), *_items(given.get("parameters"))])
    missing = set(re.findall(r"\{([^{}]+)\}", path)) - {each.name for each in parameters if each.place == "path"}
    if missing:
        problem = problem or f"its path names the parameter {min(missing)[:100]}, which it does not describe."
    if not path.startswith("/"):
        problem = "its path does not begin with a slash."
    body, unsupported = _body(root, given.get("requestBody"))
    texts = [plain_text(given.get("summary")), plain_text(given.get("description"), 4_000)]
    return Operation(
        id=operation_id,
        method=method.upper(),
        path=path,
        description=description("\n\n".join(dict.fromkeys(filter(None, texts)))),
        parameters=parameters,
        body=body,
        server=_server(given.get("servers")) or _server(item.get("servers")) or server,
        problem=problem or unsupported,
    )


def _parameters(root: JsonObject, given: Sequence[object]) -> tuple[list[Parameter], str | None]:
    """The parameters, an operation's own before those of its path, and why the operation cannot be called."""
    found: dict[tuple[str, str], JsonObject] = {}
    for each in given:
        parameter = _resolved(each, root)
        name, place = parameter.get("name"), parameter.get("in")
        if isinstance(name, str) and isinstance(place, str) and name:
            found[place, name.lower() if place == "header" else name] = parameter
    names = [name for _, name in found]
    made: list[Parameter] = []
    for (place, name), parameter in found.items():
        required = parameter.get("required") is True or place == "path"
        if place not in STYLES or (place == "header" and name in SET_BY_ITSELF):
            if required and place == "cookie":
                return made, f"it needs the cookie {plain_text(name, 100)}."
            continue
        alone = names.count(name) == 1 and name != BODY
        argument = fitting_name(name if alone else f"{place}_{name}")
        style = _style(parameter, STYLES[place])
        if style is None:
            return made, f"its parameter {plain_text(name, 100)} is written in an unknown style."
        made.append(
            Parameter(argument, str(parameter["name"]), place, required, style, _parameter_schema(root, parameter))  # pyright: ignore[reportArgumentType]
        )
    return made, None


def _parameter_schema(root: JsonObject, parameter: JsonObject) -> JsonObject:
    schema = parameter.get("schema")
    if schema is None:
        schema = next((_object(each).get("schema") for each in _object(parameter.get("content")).values()), None)
    made = dict(portable(schema, root))
    if text := plain_text(parameter.get("description")):
        made["description"] = text
    return made


def _style(given: JsonObject, styles: Sequence[str]) -> Style | None:
    if given.get("content"):
        return Style(styles[0], explode=False, as_json=True)
    name = given.get("style", styles[0])
    explode = given.get("explode")
    if name not in styles:
        return None
    return Style(
        str(name), explode if isinstance(explode, bool) else name == "form", given.get("allowReserved") is True
    )


def _body(root: JsonObject, given: object) -> tuple[RequestBody | None, str | None]:
    """The body in the first of its media types that can be written, and why there is none."""
    body = _resolved(given, root)
    content = _object(body.get("content"))
    required = body.get("required") is True
    for kind in sorted(content, key=_preference):
        if _preference(kind) == _OTHER:
            break
        media = _object(content[kind])
        fields = {
            name: style
            for name, encoding in _object(media.get("encoding")).items()
            if (style := _style(_object(encoding), STYLES["query"])) is not None
        }
        return RequestBody(kind, required, portable(media.get("schema"), root), fields), None
    if required and content:
        return None, f"its body has to be {plain_text(next(iter(content)), 100)}, which cannot be written."
    return None, None


_OTHER: Final = 3


def _preference(media_type: str) -> int:
    kind = media_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json") or kind == "*/*":
        return 0
    if kind == "application/x-www-form-urlencoded":
        return 1
    return 2 if kind.startswith("text/") else _OTHER


def _server(servers: object) -> str | None:
    """The first server's address, its variables at their defaults."""
    for each in _items(servers):
        server = _object(each)
        url = server.get("url")
        if not isinstance(url, str):
            continue
        for name, variable in _object(server.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(_object(variable).get("default", "")))
        return url
    return None


def _resolved(given: object, root: JsonObject) -> JsonObject:
    """An object, behind any references to it."""
    for _ in range(10):
        found = _object(given)
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        given = look_up(root, reference)
    return {}


def _object(value: object) -> JsonObject:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _items(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else ()
