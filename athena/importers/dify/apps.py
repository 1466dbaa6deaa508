"""Dify's apps without a graph: chats, agents and completions. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from athena.importers import foreign, models, texts
from athena.importers.collected import Collected
from athena.importers.dify.tools import tool_of
from athena.importers.models import Model
from athena.importers.report import Report

TYPES: Final = {"number": "number", "checkbox": "boolean", "select": "enum"}
VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
LEFT_OUT: Final = {
    "opening_statement": "An agent begins no conversation by itself; say it where it is embedded.",
    "suggested_questions": "There are no suggested questions.",
    "suggested_questions_after_answer": "There are no suggested questions.",
    "sensitive_word_avoidance": "Make a guardrail of it.",
    "speech_to_text": "Speech is not taken.",
    "text_to_speech": "Nothing is spoken.",
    "retriever_resource": "With recall, answers name their sources.",
    "more_like_this": "Run it again for another answer.",
    "annotation_reply": "There are no prepared answers; keep them as memories.",
}


def convert(document: Any, collected: Collected, report: Report) -> None:
    """Adds the app as an agent, or as a prompt."""
    config = foreign.mapping(document, "model_config")
    name = texts.label(foreign.text(document, "app", "name"), "Dify app")
    mode = foreign.text(document, "app", "mode")
    model = _model(config, collected, report)
    prompt = VARIABLE.sub(r"{{\1}}", foreign.text(config, "pre_prompt"))
    entry = report.begin("pre_prompt", "prompt")
    advanced = foreign.mapping(config, "chat_prompt_config") or foreign.mapping(config, "completion_prompt_config")
    if foreign.text(config, "prompt_type") == "advanced" and advanced:
        rows = foreign.mappings(advanced, "prompt") or [foreign.mapping(advanced, "prompt")]
        prompt = "\n\n".join(filter(None, (foreign.text(row, "text") for row in rows))) or prompt
        entry.remark("The parts of an expert's prompt stand one after the other.")
    if mode == "completion":
        entry.mapped("the content of the prompt", *entry.why)
        _prompt(name, prompt, model, config, collected, report)
    else:
        entry.mapped("the agent's system prompt", *entry.why)
        _agent(name, prompt, model, config, collected, report)
    _leave_out(config, report)


def _model(config: dict[str, Any], collected: Collected, report: Report) -> Model:
    given = foreign.mapping(config, "model")
    entry = report.begin("model", "model")
    provider, name = foreign.text(given, "provider"), foreign.text(given, "name")
    parameters = foreign.mapping(given, "completion_params")
    numbers = foreign.number(parameters, "temperature"), foreign.number(parameters, "max_tokens")
    made = Model.of(collected, provider, name, *numbers)
    entry.mapped(f"the model {made.name or 'that you choose'}", "Its credential is entered anew as an account.")
    others = sorted(set(parameters) - {"temperature", "max_tokens", "stop"})
    if others:
        entry.remark(f"Parameters that are left out: {', '.join(others)}.")
    return made


def _fields(config: dict[str, Any], report: Report, became: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in foreign.mappings(config, "user_input_form"):
        kind, given = next(iter(row.items()), ("", None))
        name = foreign.text(given, "variable")
        entry = report.begin(f"user_input_form: {name or kind}", kind)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
            entry.dropped("It has no name that a variable may have.")
            continue
        entry.mapped(became)
        found.append({"name": name, "kind": kind, "given": given})
    return found


def _prompt(
    name: str, content: str, model: Model, config: dict[str, Any], collected: Collected, report: Report
) -> None:
    variables: list[dict[str, Any]] = []
    for field in _fields(config, report, "a variable of the prompt"):
        made: dict[str, Any] = {"name": field["name"], "type": TYPES.get(field["kind"], "string")}
        if made["type"] == "enum":
            options = [each for each in foreign.texts(field["given"], "options") if each][:100]
            made |= {"options": options} if options else {"type": "string"}
        made["required"] = foreign.flag(field["given"], "required", default=True)
        if field["name"] not in {each["name"] for each in variables}:
            variables.append(made)
    if not content.strip():
        content = "{{query}}"
        report.begin("query", "paragraph").mapped("a variable of the prompt")
    spec: dict[str, Any] = {"name": name, "content": content[: models.LONGEST_PROMPT], "variables": variables[:50]}
    given = model.of_agent()
    given.pop("account_uuid", None)
    collected.add("prompts", name, {**spec, **given})


def _agent(name: str, prompt: str, model: Model, config: dict[str, Any], collected: Collected, report: Report) -> None:
    _fields(config, report, "a variable in the system prompt, which each run fills in")
    references: list[dict[str, str]] = []
    for row in foreign.mappings(config, "agent_mode", "tools"):
        entry = report.begin(
            f"tool: {foreign.text(row, 'tool_name') or foreign.text(row, 'tool_label') or '?'}", "tool"
        )
        reference = tool_of(collected, entry, row)
        if reference:
            references.append(reference)
            entry.mapped(f"the tool {reference['$ref']}")
    more: dict[str, Any] = {"tool_uuids": references}
    turns = foreign.whole(config, "agent_mode", "max_iteration")
    if turns is not None:
        more["limits"] = {"turns": max(1, min(turns, 100))}
    datasets = foreign.mappings(config, "dataset_configs", "datasets", "datasets")
    for number, row in enumerate(datasets, 1):
        entry = report.begin(f"dataset {number}", "dataset")
        entry.approximated("recalled memories", "The documents are not in the file: train the agent with them.")
        _ = row
    if datasets:
        more["memory"] = {"recall": True}
    collected.add("agents", name, models.agent(name, model, prompt, **more))


def _leave_out(config: dict[str, Any], report: Report) -> None:
    for name, why in LEFT_OUT.items():
        given = config.get(name)
        switched = foreign.flag(given, "enabled") or foreign.mappings(given, "configs")
        if switched or (isinstance(given, str | list) and given):
            report.begin(name, "feature").dropped(why)
