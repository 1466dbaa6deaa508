"""The OpenAPI 3.1 document: what FastAPI finds in the routes, and what it cannot know of Athena's conventions.

Readable names for the envelopes, the headers of every answer, one problem response for each status, and an example for
every body, made from the schemas where nobody wrote one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI

from athena.kit.errors import AthenaError
from athena.kit.routing import PROBLEM_TYPE, problems
from athena.kit.schemas import Problem
from athena.openapi_examples import Examples

Schema = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")
SCHEMAS = "#/components/schemas/"

SECURITY_SCHEMES: Schema = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token from Sign In, or one that the user made."},
    "basic": {"type": "http", "scheme": "basic", "description": "E-mail and password; on GET /api/v1/user alone."},
    "multiplai": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Multiplai-Authorization",
        "description": "`Bearer` and an access token of the configured identity provider.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "athena_session", "description": "The console's session."},
}

HEADERS: Schema = {
    "XRequestID": ("X-Request-ID", "The request's id, taken over or made; it finds the request in the log.", "string"),
    "ETag": ("ETag", "The resource's present version, for `If-Match`.", "string"),
    "Location": ("Location", "The address of what was made or accepted.", "string"),
    "RateLimit": ("RateLimit", "What is left of the limits that apply, and when they are full again.", "string"),
    "RateLimitPolicy": ("RateLimit-Policy", "The limits that apply.", "string"),
    "RetryAfter": ("Retry-After", "Seconds after which to try again.", "integer"),
    "IdempotencyReplayed": ("Idempotency-Replayed", "`true`: the stored answer of the first such request.", "string"),
    "WWWAuthenticate": ("WWW-Authenticate", "How to show who you are.", "string"),
}
EVERYWHERE = ("XRequestID", "RateLimit", "RateLimitPolicy")
WITH_PROBLEM: Mapping[int, tuple[str, ...]] = {401: ("WWWAuthenticate",), 429: ("RetryAfter",), 503: ("RetryAfter",)}

TAGS: Mapping[str, str] = {
    "Authentication": "Signing in and out, and tokens.",
    "User": "The caller.",
    "Workspace": "Tenants and their members.",
    "Provider": "Definitions of integrations.",
    "Account": "Credentials for providers.",
    "Agent": "Agents, and running them.",
    "Workflow": "Graphs of work, and running them.",
    "Workflow Execution": "What workflows did.",
    "Node Type": "What workflows are made of.",
    "Approval": "What runs ask people.",
    "Variable": "Values and secrets that workflows read.",
    "Tool": "What agents and workflows can have done, and trying it out.",
    "Guardrail": "What is checked of what agents read, write and do.",
    "Budget": "How much may be spent, by whom or by what.",
    "Dataset": "Inputs, and what is expected of their answers.",
    "Evaluation": "Versions of agents, held against datasets.",
    "Prompt": "Texts with variables, and running them.",
    "Memory": "What agents remember.",
    "Thread": "Conversations, and having them answered.",
    "Message": "What is said in conversations.",
    "Large Language Model": "The catalogue of models, and what accounts offer.",
    "Command Room Task": "What other applications report.",
    "Metrics": "Counts and series.",
    "Run": "Executions, their events, and stopping them.",
    "Media": "Uploaded files.",
    "Share": "What is shared, and with whom.",
    "Invitation": "Letting people in.",
    "Webhook": "Events, sent to addresses.",
    "Audit": "Who changed what, and when.",
    "Bundle": "Resources as readable files, that travel between workspaces.",
    "Export": "A workspace's data, to take along.",
    "Permission": "What can be permitted.",
}
"""The groups of the operations, in the order in which they are shown; those that no route has are left out."""

PYDANTIC_GENERIC = re.compile(r"(Data|Page)_(\w+?)_")
FORM = re.compile(r"Body_(\w+)")


def complete(app: FastAPI) -> Schema:
    """OpenAPI 3.1 of ``app``."""
    document: Schema = app.openapi()
    components: Schema = document.setdefault("components", {})
    schemas: Schema = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    _rename(document)
    for name, schema in components["schemas"].items():
        _tidy(schema)
        if name.endswith("Update"):
            _without_defaults(schema)
    components["securitySchemes"] = SECURITY_SCHEMES
    components["headers"] = {
        key: {"description": text, "schema": {"type": kind}} for key, (_, text, kind) in HEADERS.items()
    }
    components["responses"] = {_problem_name(status): _problem(status) for status in _titles()}
    examples = Examples(components["schemas"])
    for method, operation in operations(document):
        _complete_operation(method, operation, examples)
    used = {operation["tags"][0] for _, operation in operations(document)}
    known = {**TAGS, **dict.fromkeys(sorted(used - set(TAGS)), "")}
    document["tags"] = [{"name": name, "description": text} for name, text in known.items() if name in used]
    document["security"] = [{"bearer": []}, {"multiplai": []}, {"session": []}]
    return document


def operations(document: Schema) -> Iterator[tuple[str, Schema]]:
    """The method and the description of each operation."""
    for path in document["paths"].values():
        for method in METHODS:
            if method in path:
                yield method, path[method]


def _rename(document: Schema) -> None:
    """Gives what was generated a name that a reader of generated code understands."""
    schemas: Schema = document["components"]["schemas"]
    names = {name: readable for name in schemas if (readable := readable_name(name)) != name}
    # An envelope gives way to a schema that has the name by itself.
    taken = {name: readable for name, readable in names.items() if readable in schemas}
    names |= {name: f"{readable.removesuffix('Data')}ResourceData" for name, readable in taken.items()}
    renamed: Schema = {names.get(name, name): schema for name, schema in schemas.items()}
    for new in names.values():
        renamed[new]["title"] = new
    document["components"]["schemas"] = dict(sorted(renamed.items()))
    for node in walk(document):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(SCHEMAS):
            name = reference.removeprefix(SCHEMAS)
            node["$ref"] = SCHEMAS + names.get(name, name)


def readable_name(name: str) -> str:
    """``ThreadData`` for ``Data_Thread_``, ``UploadMediaForm`` for ``Body_upload_media``, and nothing else changed.

    What comes out keeps its name where what comes in has another shape.
    """
    if match := PYDANTIC_GENERIC.fullmatch(name):
        return f"{match[2]}{match[1]}"
    if match := FORM.fullmatch(name):
        return "".join(word.capitalize() for word in match[1].split("_")) + "Form"
    return name.removesuffix("-Output").replace("-Input", "Input")


def _tidy(schema: Schema, *, titled: bool = True) -> None:
    """Takes away the titles that only repeat a property's name, and makes open objects usable for generated clients."""
    if not titled:
        schema.pop("title", None)
    properties: Schema = schema.get("properties", {})
    free: Schema | bool | None = schema.get("additionalProperties")
    parts = [*properties.values(), free, schema.get("items"), *schema.get("prefixItems", ())]
    for part in (*parts, *(each for key in ("anyOf", "oneOf", "allOf") for each in schema.get(key, ()))):
        if isinstance(part, dict):
            _tidy(cast("Schema", part), titled=False)
    if isinstance(free, dict) and free and properties:
        # The same for a validator. Generators make an index of it that the named properties would have to fit.
        schema["patternProperties"] = {f"^(?!({'|'.join(map(re.escape, properties))})$)": free}
        schema["additionalProperties"] = True
    if schema.get("contentMediaType") == "application/octet-stream":
        schema["format"] = "binary"  # the older word for it, which generators know
    for key in ("anyOf", "oneOf"):
        if properties and key in schema:
            # A rule between fields, in a form that generators do not take for a choice between types.
            schema["if"], schema["else"] = {key: schema.pop(key)}, False


def _without_defaults(schema: Schema) -> None:
    """What is not named stays as it is: a default that a client fills in would change it."""
    for value in cast("dict[str, Schema]", schema.get("properties", {})).values():
        value.pop("default", None)


def _titles() -> dict[int, tuple[str, str]]:
    """Title and general code of each status that a problem can have and routes document."""
    kinds = {kind.status: (kind.title, kind.code) for kind in AthenaError.__subclasses__()}
    return {status: kinds[status] for status in sorted(kinds) if status in _DOCUMENTED}


_DOCUMENTED = frozenset({400, 401, 402, 403, 404, 409, 412, 413, 415, 422, 429, 502, 503, 504})


def _problem_name(status: int) -> str:
    return re.sub(r"\W", "", _titles()[status][0])


def _problem(status: int) -> Schema:
    """The response that every operation refers to for ``status``."""
    title, code = _titles()[status]
    response = problems(status)[status]
    response["headers"] = _references(*EVERYWHERE, *WITH_PROBLEM.get(status, ()))
    detail = response["description"]
    example: Schema = {
        "type": f"/docs/errors#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "/api/v1/threads",
        "message": detail,
        "code": code,
        "request_id": "01980000-0000-7000-8000-00000000c0de",
    }
    if status == 422:  # noqa: PLR2004 - the one that names fields
        example["errors"] = {"name": ["String should have at least 1 character."]}
    response["content"][PROBLEM_TYPE]["example"] = example
    return response


def _complete_operation(method: str, operation: Schema, examples: Examples) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
        parameter["schema"].pop("description", None)
        _tidy(parameter["schema"], titled=False)
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        if kind.endswith("json") and "example" not in media and "examples" not in media:
            media["example"] = examples.body(media["schema"])
    for status, response in operation["responses"].items():
        if int(status) >= 400:  # noqa: PLR2004
            _refer_to_problem(operation["responses"], int(status))
        else:
            keyed = any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
            _complete_success(method, int(status), response, examples, keyed=keyed)


def _refer_to_problem(responses: Schema, status: int) -> None:
    standard = problems(status)[status]
    if status in _DOCUMENTED and responses[str(status)].get("description") == standard["description"]:
        responses[str(status)] = {"$ref": f"#/components/responses/{_problem_name(status)}"}


def _complete_success(method: str, status: int, response: Schema, examples: Examples, *, keyed: bool) -> None:
    headers = [*EVERYWHERE]
    content: Schema = response.get("content", {})
    for kind, media in content.items():
        if kind.endswith("json") and media.get("schema") and "example" not in media:
            media["example"] = examples.body(media["schema"])
    streams = "text/event-stream" in content
    names = {str(media.get("schema", {}).get("$ref", "")).rpartition("/")[2] for media in content.values()}
    if status in {201, 202} or (method == "post" and streams):
        headers.append("Location")
    versioned = any(_is_versioned(name, examples.schemas) for name in names)
    if status == HTTPStatus.NOT_MODIFIED or (versioned and not streams and status != HTTPStatus.ACCEPTED):
        headers.append("ETag")
    if keyed:
        headers.append("IdempotencyReplayed")
    own: Schema = response.get("headers", {})
    response["headers"] = {**_references(*headers), **own}
    if response.get("description") == "Successful Response":
        response["description"] = DESCRIPTIONS.get(status, "Done.")


DESCRIPTIONS: Mapping[int, str] = {
    200: "As asked for.",
    201: "Created; `Location` says where.",
    202: "Accepted; `Location` says where it can be followed.",
    204: "Done; there is nothing to say.",
}


def _is_versioned(name: str, schemas: Schema) -> bool:
    """Whether ``name`` is the envelope of one resource with a version."""
    if not name.endswith("Data"):
        return False
    inner = schemas[name]["properties"].get("data", {}).get("$ref", "").rpartition("/")[2]
    return {"uuid", "updated_at"} <= set(schemas.get(inner, {}).get("properties", ()))


def _references(*keys: str) -> Schema:
    return {HEADERS[key][0]: {"$ref": f"#/components/headers/{key}"} for key in keys}


def _without_null(schema: Schema) -> Schema:
    """A parameter's schema: it can be left out, but there is no text that means null."""
    kinds: list[Schema] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **kinds[0]}


def walk(node: Any) -> Iterator[Schema]:
    """Every object in ``node``."""
    if isinstance(node, dict):
        yield cast("Schema", node)
        for value in cast("Schema", node).values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in cast("list[Any]", node):
            yield from walk(value)
