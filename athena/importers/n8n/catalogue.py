"""Which types of n8n's nodes become what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from athena.importers import foreign
from athena.importers.collected import Collected
from athena.importers.n8n import ai, data, flow, graph, outside, triggers
from athena.importers.n8n.building import Building
from athena.importers.n8n.site import Site
from athena.importers.report import Report
from athena.importers.rules import Rule, by_type
from athena.triggers.schedule import CronSchedule

Convert = Callable[[Site], None]

LOOPED: Final = "a list goes through a loop, item by item"
RULES: Final[tuple[Rule[Convert], ...]] = (
    Rule(("webhook",), "`webhook_trigger`", triggers.webhook, "a new address; not active at first"),
    Rule(("scheduleTrigger", "cron", "interval"), "`schedule_trigger`", triggers.schedule, "not active at first"),
    Rule(("manualTrigger", "start"), "`manual_trigger`", triggers.manual),
    Rule(("chatTrigger", "manualChatTrigger"), "`manual_trigger`", triggers.chat, "run with `chatInput`"),
    Rule(("executeWorkflowTrigger",), "`manual_trigger`", triggers.called),
    Rule(("formTrigger",), "`manual_trigger`", triggers.form, "no public page; an input schema of the fields"),
    Rule(("errorTrigger",), "`error_trigger`", triggers.error, "other fields"),
    Rule(("httpRequest",), "`http_request`", outside.http_request, "credentials anew; lists are one value; no pages"),
    Rule(("set", "editFields"), "`set`, or `code` that keeps other fields", data.set_fields, LOOPED),
    Rule(("if",), "`if`; of a list `filter`", flow.if_, "strict types", whole_list=True),
    Rule(("filter",), "`filter`", flow.filter_, "strict types", whole_list=True),
    Rule(
        ("switch",),
        "`switch`; of a list a `filter` for each case",
        flow.switch,
        "no numbers as outputs",
        whole_list=True,
    ),
    Rule(("merge",), "`merge`", flow.merge, "appended, combined by position, or one branch chosen", whole_list=True),
    Rule(("splitInBatches",), "`loop`, with `split` before larger batches", flow.loop, whole_list=True),
    Rule(("wait",), "`wait`", flow.wait, whole_list=True),
    Rule(("respondToWebhook",), "`respond_to_webhook`", flow.respond, "no files", whole_list=True),
    Rule(("stopAndError",), "`stop_with_error`", flow.stop, whole_list=True),
    Rule(("noOp",), "a disabled node, which passes on", flow.nothing, whole_list=True),
    Rule(("stickyNote",), "`note`", flow.sticky, whole_list=True),
    Rule(
        ("code", "function", "functionItem"), "a disabled node", flow.code, "dropped; kept in a note", whole_list=True
    ),
    Rule(("executeWorkflow",), "a disabled node", flow.sub_workflow, "dropped: not in the file", whole_list=True),
    Rule(("splitOut",), "`split`", data.split_out, "elements alone", whole_list=True),
    Rule(("aggregate",), "`set` with a list", data.aggregate, whole_list=True),
    Rule(("summarize",), "`aggregate`", data.summarize, whole_list=True),
    Rule(("sort",), "`sort`", data.sort, "by fields", whole_list=True),
    Rule(("limit",), "`limit`", data.limit, whole_list=True),
    Rule(("removeDuplicates",), "`deduplicate`", data.deduplicate, "within one execution", whole_list=True),
    Rule(("itemLists",), "as the six before", data.item_lists, whole_list=True),
    Rule(("dateTime",), "`set`", data.date_time, "seconds to weeks; RFC 3339"),
    Rule(("agent",), "`agent`, and an agent with its tools", ai.agent, "memory is the agent's threads"),
    Rule(("chainLlm",), "`model_call`", ai.chain),
    Rule(("openAi", "anthropic", "googleGemini", "mistralAi"), "`model_call`", ai.message, "messages alone"),
    Rule(("textClassifier", "sentimentAnalysis"), "`classify`", ai.classifier),
    Rule(("informationExtractor",), "`extract`", ai.extractor),
    Rule(("slack",), "`http_request`", outside.slack, "posting messages alone"),
    Rule(("telegram",), "`http_request`", outside.telegram, "sending messages alone"),
)


def convert(document: Any, collected: Collected, report: Report) -> None:
    """Adds the workflow to what is collected."""
    source = graph.read(document, report, collected.name)
    collected.name = source.name
    spec = Building(source, collected, _timezone(document)).build(by_type(RULES))
    collected.add("workflows", source.name, spec)


def _timezone(document: Any) -> str:
    zone = foreign.text(document, "settings", "timezone")
    try:
        return CronSchedule(type="cron", expression="0 0 * * *", timezone=zone).timezone
    except ValueError:
        return "UTC"
