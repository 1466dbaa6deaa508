"""OpenAI's assistants with their threads, as its API shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, models, schemas, texts
from athena.importers.collected import Collected, Conversation, Said
from athena.importers.models import Model
from athena.importers.report import Report
from athena.importers.source import MAXIMUM_NODES, ImportRefused

MOST_THREADS: Final = 1_000
MOST_MESSAGES: Final = 2_000
FUNCTION_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
CODE: Final = "Python runs in a sandbox without files, network and packages; what it makes is text."
DOCUMENTS: Final = (
    "It recalls what is known; the files of its vector stores are not in the file: train the agent with them."
)
FUNCTION: Final = (
    "Your program answered its calls. Here it is a tool that is switched off: write what it does, or its request."
)
MAPPINGS: Final = (
    ("`name`, `description`, `instructions`, `model`, `temperature`", "an agent's", ""),
    ("`metadata`", "the agent's metadata", "texts, up to 50"),
    ("`response_format` with a schema", "the output schema", "`json_object` is dropped: give a schema"),
    ("the tool `code_interpreter`", "the built-in tool `python`", "no files, network and packages"),
    ("the tool `file_search`", "recalled memories", "documents are trained anew"),
    ("a `function`", "a tool of the type `code`", "switched off until it is written"),
    ("`top_p`, `reasoning_effort`", "nothing", "dropped"),
    ("`tool_resources`", "nothing", "dropped: files are not in the file"),
    (
        "threads and their messages",
        "threads and messages, with `--with-threads`",
        "texts; images and files are dropped",
    ),
)
"""What becomes of what, for the documentation."""


def table() -> str:
    """The same as a table."""
    rows = [f"| {theirs} | {ours} | {differs} |" for theirs, ours, differs in MAPPINGS]
    return "\n".join(["| there | here | what differs |", "|---|---|---|", *rows])


def convert(document: Any, collected: Collected, report: Report) -> None:
    """Adds the assistants as agents, and keeps their threads."""
    assistants = _objects(document, "assistants", "assistant")
    threads = _objects(document, "threads", "thread")
    if not assistants and not threads:
        raise ImportRefused("There are no assistants in it.")
    if len(assistants) > MAXIMUM_NODES or len(threads) > MOST_THREADS:
        raise ImportRefused(f"It has more than {MAXIMUM_NODES} assistants, or more than {MOST_THREADS} threads.")
    names: dict[str, str] = {}
    for row in assistants:
        names[foreign.text(row, "id")] = _Assistant(row, collected, report).add()
    for row in threads:
        _thread(row, names, collected, report)


def _objects(document: Any, name: str, kind: str) -> list[dict[str, Any]]:
    """What there is of a kind: in a field of its own, in a list of the API, or by itself."""
    if found := foreign.mappings(document, name) or foreign.mappings(document, name, "data"):
        return found
    rows = foreign.mappings(document, "data") or foreign.mappings(document) or [foreign.mapping(document)]
    return [row for row in rows if foreign.text(row, "object") == kind]


class _Assistant:
    """One of them on its way."""

    def __init__(self, row: dict[str, Any], collected: Collected, report: Report) -> None:
        self.row = row
        self.collected = collected
        self.report = report
        self.name = texts.label(foreign.text(row, "name"), "Assistant")
        self.entry = report.begin(self.name, "assistant")
        self.label = self.entry.source

    def add(self) -> str:
        """Adds the agent; its name."""
        name = foreign.text(self.row, "model")
        model = Model.of(self.collected, "openai", name, foreign.number(self.row, "temperature"), None)
        more: dict[str, Any] = {"description": foreign.text(self.row, "description")[:2_000]}
        references = [made for tool in foreign.mappings(self.row, "tools") if (made := self._tool(tool, more))]
        spec = models.agent(
            self.name, model, foreign.text(self.row, "instructions"), **more, tool_uuids=references[:64]
        )
        if schema := self._schema():
            spec["output_schema"] = schema
        given = foreign.mapping(self.row, "metadata")
        kept = {key[:255]: value[:8_000] for key, value in list(given.items())[:50] if isinstance(value, str)}
        taken = {"model", "temperature", "max_tokens", "system_prompt", "conversation_style"}
        if free := {key: value for key, value in kept.items() if key and key not in taken}:
            spec["metadata"] = {**free, **spec.get("metadata", {})}
        self._leave_out()
        reference = self.collected.add("agents", self.name, spec)
        self.entry.mapped(f"the agent {reference['$ref']}", "The key is entered anew as an account.")
        return self.name

    def _tool(self, given: Mapping[str, Any], more: dict[str, Any]) -> dict[str, str] | None:
        kind = foreign.text(given, "type")
        name = foreign.text(given, "function", "name")
        entry = self.report.begin(f"{self.label}: {name or kind or 'tool'}", kind or "tool")
        match kind:
            case "code_interpreter":
                entry.approximated("the built-in tool python", CODE)
                return self.collected.add("tools", "python", {"name": "Python", **_builtin("python")})
            case "file_search" | "retrieval":
                entry.approximated("recalled memories", DOCUMENTS)
                more["memory"] = {"recall": True}
                return None
            case "function" if FUNCTION_NAME.fullmatch(name):
                entry.approximated("a tool of the type code, switched off", FUNCTION)
                return self.collected.add("tools", name, _function(name, given))
            case _:
                entry.dropped(f"There is no tool like {kind or 'this'} here.")
                return None

    def _schema(self) -> dict[str, Any] | None:
        given = self.row.get("response_format")
        kind = foreign.text(given, "type")
        if kind in {"", "text"}:
            return None
        entry = self.report.begin(f"{self.label}: response_format", kind)
        schema = schemas.usable(foreign.mapping(given, "json_schema", "schema"))
        if schema is None:
            entry.dropped("Answers in JSON follow a schema here: give the agent an output schema.")
            return None
        entry.mapped("the agent's output schema")
        return schema

    def _leave_out(self) -> None:
        for name in ("top_p", "reasoning_effort"):
            if self.row.get(name) not in (None, 1, 1.0):
                self.report.begin(f"{self.label}: {name}", name).dropped("Agents have no such parameter.")
        if any(foreign.mapping(self.row, "tool_resources").values()):
            entry = self.report.begin(f"{self.label}: tool_resources", "files")
            entry.dropped("The files are not in the file: fetch them, and train the agent with them.")


def _builtin(name: str) -> dict[str, Any]:
    return {"type": "builtin", "config": {"name": name}}


def _function(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    parameters = schemas.of_object(foreign.mapping(given, "function", "parameters"))
    return {
        "name": name,
        "description": foreign.text(given, "function", "description")[:2_000],
        "type": "code",
        "config": {"code": f'result = "Nobody has written what {name} does."'},
        "parameters": parameters or {"type": "object", "properties": {}},
        "enabled": False,
    }


def _thread(row: Mapping[str, Any], names: Mapping[str, str], collected: Collected, report: Report) -> None:
    thread_id = foreign.text(row, "id")
    title = foreign.text(row, "metadata", "title") or foreign.text(row, "metadata", "name")
    entry = report.begin(f"thread {thread_id or title}", "thread")
    rows = foreign.mappings(row, "messages") or foreign.mappings(row, "messages", "data")
    if all(foreign.number(each, "created_at") is not None for each in rows):
        rows = sorted(rows, key=lambda each: foreign.number(each, "created_at") or 0)
    said: list[Said] = []
    left_out = 0
    for message in rows[:MOST_MESSAGES]:
        text, lost = _text(message.get("content"))
        left_out += lost + len(foreign.items(message, "attachments"))
        role = "assistant" if foreign.text(message, "role") == "assistant" else "user"
        if text.strip():
            said.append(Said(role, text[: models.LONGEST_PROMPT]))
    if not said:
        entry.dropped("There are no messages with text in it.")
        return
    answers = (foreign.text(each, "assistant_id") for each in rows)
    assistant = next((names[each] for each in (foreign.text(row, "assistant_id"), *answers) if each in names), None)
    name = texts.label(title or said[0].text[:80], "Thread")
    collected.conversations.append(Conversation(thread_id or entry.source, name, assistant, tuple(said)))
    entry.mapped(
        f"a thread with {len(said)} messages", "It is made by the option --with-threads, once the agents are there."
    )
    if left_out:
        entry.remark(f"{left_out} images and files are left out.")
    if len(rows) > MOST_MESSAGES:
        entry.remark(f"Of {len(rows)} messages, {MOST_MESSAGES} are kept.")


def _text(content: Any) -> tuple[str, int]:
    """The text of a message, and how much of it is no text."""
    if isinstance(content, str):
        return content, 0
    found: list[str] = []
    lost = 0
    for part in foreign.mappings({"content": content}, "content"):
        text = foreign.text(part, "text", "value") or foreign.text(part, "text")
        if text:
            found.append(text)
        else:
            lost += 1
    return "\n\n".join(found), lost
