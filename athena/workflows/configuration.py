"""A node's configuration: its texts compiled, checked against its type, and filled with values for each call. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from athena.expressions import ExpressionError, Template, compile_text
from athena.node_types.base import Config, NodeFailed, NodeType

NAMES = frozenset({"trigger", "nodes", "variables", "execution", "workflow", "workspace", "item", "index", "input"})
SECRETS = "secrets"
MARK = "{{"
Scope = Mapping[str, Any]
Render = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression names something: the field, the character in it, and the name with its constant path."""

    field: str
    position: int
    path_in_scope: tuple[str, ...]


class Configuration:
    """What stands in a node's ``data``. ``problems`` holds (path, position, message, code)."""

    def __init__(self, kind: NodeType[Any], data: Mapping[str, Any]) -> None:
        self._model: type[Config] = kind.config
        self.problems: list[tuple[str, int | None, str, str]] = []
        self.references: list[Place] = []
        self.secrets: dict[str, tuple[str, int | None]] = {}
        """Names of secrets, each with the field and the character in it where it stands first."""
        fields = {name: _extra(info) for name, info in kind.config.model_fields.items()}
        parts: dict[str, Render] = {}
        self._taken_as_written = {name for name, extra in fields.items() if "x-expression" in extra}
        self._fixed: dict[str, Any] = {}
        self._secretive: set[str] = set()
        """Fields that name secrets."""
        for name, value in data.items():
            extra = fields.get(name, {})
            mode = extra.get("x-expression", "template")
            names = NAMES | {SECRETS} if extra.get("x-secrets") else NAMES
            render = None if mode == "none" else self._compile(value, f"data.{name}", names, each=mode == "item")
            if render is None or mode == "item":
                self._fixed[name] = value
            else:
                parts[name] = render
        self._parts = parts
        self._ready: Config | None = None
        self._validate(kind, data)

    def fill(self, scope: Scope, *, with_secrets: bool = True) -> Any:
        """The configuration with the values of its expressions; :class:`NodeFailed` when that makes no sense.

        Without secrets: fields that name some have their defaults.
        """
        if self._ready is not None:
            return self._ready
        if self.problems:
            path, _, message, code = self.problems[0]
            raise NodeFailed(code, f"{path}: {message}", path=path)
        values = dict(self._fixed)
        for name, render in self._parts.items():
            if name in self._secretive and not with_secrets:
                continue
            try:
                values[name] = render(scope)
            except ExpressionError as error:
                raise NodeFailed(
                    "expression_error", f"data.{name}: {error.message}", expression=error.expression
                ) from error
        try:
            return self._model.model_validate(values)
        except ValidationError as error:
            issue = error.errors(include_url=False, include_input=False)[0]
            path = ".".join(["data", *map(str, issue["loc"])])
            raise NodeFailed("invalid_configuration", f"{path}: {issue['msg']}.", path=path) from error

    def _compile(self, value: Any, path: str, names: frozenset[str], *, each: bool) -> Render | None:
        """What fills ``value`` in; ``None`` when nothing is to be filled in."""
        match value:
            case str() if MARK in value:
                return self._compile_text(value, path, names, each=each)
            case dict():
                mapping = cast("dict[str, Any]", value)
                inner = {key: self._compile(each_, f"{path}.{key}", names, each=each) for key, each_ in mapping.items()}
                if not any(inner.values()):
                    return None
                return lambda scope: {
                    key: mapping[key] if render is None else render(scope) for key, render in inner.items()
                }
            case list():
                values = cast("list[Any]", value)
                rows = [self._compile(each_, f"{path}.{n}", names, each=each) for n, each_ in enumerate(values)]
                if not any(rows):
                    return None
                return lambda scope: [values[n] if render is None else render(scope) for n, render in enumerate(rows)]
            case _:
                return None

    def _compile_text(self, text: str, path: str, names: frozenset[str], *, each: bool) -> Render | None:
        try:
            template: Template = compile_text(text, names)
        except ExpressionError as error:
            message = error.message
            if SECRETS not in names and SECRETS in text:
                message = f"{message} (secrets may be named in fields for credentials only)"
            self.problems.append((path, error.position, message, "expression_error"))
            return None
        for reference in template.references:
            root, *more = reference
            if root == SECRETS:
                for name in more[:1]:
                    self.secrets.setdefault(name, (path, max(0, text.find(MARK))))
                self._secretive.add(path.split(".")[1])
            elif not (each and root in {"item", "index"}):
                self.references.append(Place(path, max(0, text.find(MARK)), reference))
        return template.evaluate

    def _validate(self, kind: NodeType[Any], data: Mapping[str, Any]) -> None:
        """Checks the data as it is written. What is wrong with a place whose value comes later, is seen later."""
        try:
            ready = self._model.model_validate(dict(data))
        except ValidationError as error:
            for issue in error.errors(include_url=False):
                if not self._is_open(data, issue["loc"]):
                    path = ".".join(["data", *map(str, issue["loc"])])
                    code = "missing_configuration" if issue["type"] == "missing" else "invalid_configuration"
                    message = issue["msg"].removeprefix("Value error, ").rstrip(".")
                    self.problems.append((path, None, f"{message}.", code))
        else:
            for name in kind.secret_names(ready):
                self.secrets.setdefault(name, ("data", None))
            if not (self._parts or self.problems):
                self._ready = ready
        if not self.problems:
            self.problems += [
                (f"data.{path}", None, message, "invalid_configuration") for path, message in kind.check(data)
            ]

    def _is_open(self, data: Any, location: tuple[int | str, ...]) -> bool:
        """Whether a value at the location, or around it, comes from an expression."""
        if location and location[0] in self._taken_as_written:
            return False
        value: Any = data
        for step in location:
            if isinstance(value, str):
                break
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                # A discriminator's name in the location is no step of the data.
                continue
        return isinstance(value, str) and MARK in value


def _extra(info: FieldInfo) -> Mapping[str, Any]:
    extra = info.json_schema_extra
    return {} if extra is None or callable(extra) else extra
