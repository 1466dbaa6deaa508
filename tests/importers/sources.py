"""Files of other products, with whatever in them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Source = dict[str, Any]

SHORT = st.text(max_size=12)
PLAIN = st.none() | st.booleans() | st.integers(-3, 400) | st.floats(allow_nan=False) | SHORT
TRICKY = st.sampled_from(
    (
        "={{ $json.a }}",
        "={{ $('B').all()[0].json }}",
        "={{ }}",
        "{{#b.text#}}",
        "{{#sys.query#}}",
        "{{",
        "}}",
        "{a}",
        "{{ question }}",
        "{{b.data.instance}}",
        "<p>{{ $form.a }}</p>",
        "\ud7ff\x00",
        "https://a.example",
        "a" * 300,
    )
)


def _dify_node(node_id: str, kind: str, data: Source, parent: str) -> Source:
    return {"id": node_id, "parentId": parent, "data": {**data, "type": kind}}


def _dify_app(nodes: list[Source], edges: list[Source], mode: str, config: Source) -> Source:
    graph = {"nodes": nodes, "edges": edges}
    return {"app": {"mode": mode, "name": "D"}, "model_config": config, "workflow": {"graph": graph}}


def _flowise_node(node_id: str, kind: str, inputs: Source, parent: str) -> Source:
    return {"id": node_id, "parentNode": parent, "data": {"name": kind, "inputs": inputs}}


def _langflow_node(node_id: str, kind: str, template: Source) -> Source:
    return {"id": node_id, "data": {"type": kind, "node": {"template": template}}}


def _langflow_edge(source: str, target: str, field: str) -> Source:
    return {"source": source, "target": target, "data": {"targetHandle": {"fieldName": field}}}


def _langflow(nodes: list[Source], edges: list[Source]) -> Source:
    return {"data": {"nodes": nodes, "edges": edges}}


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(SHORT | TRICKY, inner, max_size=4)


JSON: st.SearchStrategy[Any] = st.recursive(PLAIN | TRICKY, _nested, max_leaves=12)
NAMES = st.sampled_from(("A", "B", "C"))


def fields(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these fields, whatever is in them."""
    return st.dictionaries(st.sampled_from(names), JSON, max_size=5)


N8N_TYPES = (
    *("webhook", "scheduleTrigger", "httpRequest", "set", "if", "filter", "switch", "merge", "splitInBatches", "wait"),
    *("respondToWebhook", "stopAndError", "code", "splitOut", "aggregate", "summarize", "sort", "limit", "dateTime"),
    *(
        "removeDuplicates",
        "agent",
        "chainLlm",
        "openAi",
        "textClassifier",
        "informationExtractor",
        "slack",
        "lmChatOpenAi",
    ),
    *("toolHttpRequest", "formTrigger", "itemLists", "stickyNote", "gmail"),
)
N8N_PARAMETERS = fields(
    *(
        "conditions",
        "rules",
        "assignments",
        "values",
        "url",
        "method",
        "options",
        "jsonBody",
        "sendBody",
        "amount",
        "unit",
    ),
    *(
        "fieldToSplitOut",
        "aggregate",
        "fieldsToSummarize",
        "sortFieldsUi",
        "maxItems",
        "rule",
        "mode",
        "text",
        "messages",
    ),
    *("batchSize", "responseBody", "respondWith", "categories", "attributes", "model", "operation", "headerParameters"),
)
N8N_NODE = st.fixed_dictionaries(
    {
        "name": NAMES,
        "type": st.sampled_from(N8N_TYPES).map("n8n-nodes-base.{}".format),
        "typeVersion": st.sampled_from((1, 2, 3.4)),
    },
    optional={"parameters": N8N_PARAMETERS, "position": JSON, "disabled": JSON, "onError": JSON, "retryOnFail": JSON},
)
N8N_TARGETS = st.lists(
    st.lists(st.fixed_dictionaries({"node": NAMES, "index": st.integers(0, 2)}), max_size=2), max_size=3
)
N8N_WAYS = st.dictionaries(st.sampled_from(("main", "ai_tool", "ai_languageModel")), N8N_TARGETS, max_size=2)
N8N = st.fixed_dictionaries(
    {"nodes": st.lists(N8N_NODE, max_size=5), "connections": st.dictionaries(NAMES, N8N_WAYS, max_size=3)}
)

DIFY_TYPES = (
    *("start", "llm", "if-else", "code", "template-transform", "http-request", "question-classifier", "answer", "end"),
    *(
        "parameter-extractor",
        "variable-aggregator",
        "iteration",
        "loop",
        "iteration-start",
        "tool",
        "agent",
        "assigner",
    ),
    *("knowledge-retrieval", "trigger-schedule", "list-operator"),
)
DIFY_DATA = fields(
    *(
        "variables",
        "cases",
        "conditions",
        "code",
        "template",
        "url",
        "headers",
        "body",
        "classes",
        "parameters",
        "outputs",
    ),
    *("iterator_selector", "output_selector", "loop_count", "model", "prompt_template", "context", "memory", "answer"),
    *(
        "query_variable_selector",
        "tool_parameters",
        "agent_parameters",
        "retry_config",
        "error_strategy",
        "cron_expression",
    ),
)
DIFY_NODE = st.builds(
    _dify_node,
    NAMES,
    st.sampled_from(DIFY_TYPES),
    DIFY_DATA,
    st.just("") | NAMES,
)
DIFY_EDGE = st.fixed_dictionaries({"source": NAMES, "target": NAMES}, optional={"sourceHandle": SHORT})
DIFY = st.builds(
    _dify_app,
    st.lists(DIFY_NODE, max_size=5),
    st.lists(DIFY_EDGE, max_size=5),
    st.sampled_from(("workflow", "advanced-chat", "chat", "completion")),
    fields("model", "pre_prompt", "user_input_form", "agent_mode", "dataset_configs", "opening_statement"),
)

FLOWISE_TYPES = (
    *(
        "llmChain",
        "toolAgent",
        "startAgentflow",
        "llmAgentflow",
        "agentAgentflow",
        "conditionAgentflow",
        "iterationAgentflow",
    ),
    *("conditionAgentAgentflow", "directReplyAgentflow", "httpAgentflow", "humanInputAgentflow", "toolAgentflow"),
    *("retrieverAgentflow", "chatOpenAI", "promptTemplate", "calculator", "supervisor", "worker"),
)
FLOWISE_INPUTS = fields(
    *("model", "prompt", "template", "promptValues", "tools", "systemMessage", "llmMessages", "llmStructuredOutput"),
    *("agentMessages", "agentTools", "conditions", "conditionAgentScenarios", "iterationInput", "directReplyMessage"),
    *("url", "headers", "body", "formInputTypes", "startInputType", "humanInputDescription", "retrieverQuery"),
)
FLOWISE_NODE = st.builds(
    _flowise_node,
    NAMES,
    st.sampled_from(FLOWISE_TYPES),
    FLOWISE_INPUTS,
    st.just("") | NAMES,
)
FLOWISE = st.fixed_dictionaries({"nodes": st.lists(FLOWISE_NODE, max_size=5), "edges": st.lists(DIFY_EDGE, max_size=5)})

LANGFLOW_TYPES = (
    *("ChatInput", "TextInput", "Prompt", "OpenAIModel", "Agent", "ChatOutput", "ConditionalRouter", "SmartRouter"),
    *(
        "CombineText",
        "ParseData",
        "Memory",
        "AstraDB",
        "APIRequest",
        "URL",
        "StructuredOutput",
        "CustomComponent",
        "note",
    ),
)
LANGFLOW_TEMPLATE = st.dictionaries(
    st.sampled_from(
        ("input_value", "template", "a", "model_name", "operator", "match_text", "urls", "routes", "output_schema")
    ),
    st.fixed_dictionaries({"value": JSON}),
    max_size=4,
)
LANGFLOW_NODE = st.builds(
    _langflow_node,
    NAMES,
    st.sampled_from(LANGFLOW_TYPES),
    LANGFLOW_TEMPLATE,
)
LANGFLOW_EDGE = st.builds(
    _langflow_edge,
    NAMES,
    NAMES,
    st.sampled_from(("input_value", "input_text", "tools", "model", "a", "text1", "search_query")),
)
LANGFLOW = st.builds(
    _langflow,
    st.lists(LANGFLOW_NODE, max_size=5),
    st.lists(LANGFLOW_EDGE, max_size=5),
)
ASSISTANTS = st.fixed_dictionaries(
    {
        "assistants": st.lists(
            fields("id", "name", "model", "instructions", "tools", "metadata", "response_format"), max_size=3
        ),
        "threads": st.lists(fields("id", "metadata", "messages", "assistant_id"), max_size=3),
    }
)
