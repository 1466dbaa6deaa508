"""The resources, as dictionaries. Made by `python -m scripts.client`; not to be edited."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Account(TypedDict):
    """Credentials for one provider. The secrets themselves are never given back."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    provider_uuid: str
    credentials: dict[str, Any]
    status: Literal["active", "expired", "invalid", "unverified"]
    profile: dict[str, Any]
    verification: dict[str, Any] | None
    last_used_at: str | None
    expires_at: str | None
    provider: Provider | None


class Agent(TypedDict):
    """An agent. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    model: str | None
    account_uuid: str | None
    system_prompt: str | None
    metadata: dict[str, Any]
    tool_uuids: list[str]
    guardrail_uuids: list[str]
    team_uuids: list[str]
    output_schema: dict[str, Any] | None
    fallback_models: list[dict[str, Any]]
    memory: dict[str, Any]
    limits: dict[str, Any]
    reflection: dict[str, Any] | None
    name: str
    description: str
    tags: list[str]
    version: int
    visibility: Literal["workspace", "private"]
    tools: list[Tool] | None
    budgets: list[Budget] | None
    avatar: Media | None
    account: Account | None
    creator: Person | None


class Approval(TypedDict):
    """A question that a run asks people, and waits for the answer."""

    uuid: str
    created_at: str
    updated_at: str
    kind: Literal["approval", "form"]
    status: Literal["open", "approved", "refused", "answered", "expired", "cancelled"]
    run_uuid: str
    workflow_uuid: str | None
    node_id: str
    title: str
    message: str
    payload: Any
    editable: bool
    fields: list[dict[str, Any]]
    answers_needed: int
    roles: list[str]
    user_uuids: list[str]
    link: bool
    has_password: bool
    expires_at: str | None
    answers: list[dict[str, Any]]


class Budget(TypedDict):
    """How much may be spent in a period, and how it stands."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    scope_type: Literal["workspace", "user", "token", "agent", "workflow"]
    scope_uuid: str | None
    period: Literal["day", "month", "total"]
    timezone: str
    limit_cost: float | None
    limit_tokens: int | None
    soft_limit: float | None
    on_soft: Literal["warn", "use_model"]
    model: str | None
    account_uuid: str | None
    status: Literal["ok", "warning", "exhausted"]
    used: dict[str, Any]
    reserved: dict[str, Any]
    remaining: dict[str, Any]
    period_started_at: str
    resets_at: str | None
    creator: Person | None


class LargeLanguageModel(TypedDict):
    """A model of the catalogue, or one that an account was found to offer. What nobody told is null."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    display_name: str
    provider_uuid: str
    account_uuid: str | None
    context_window: int | None
    max_output_tokens: int | None
    input_price: float | None
    output_price: float | None
    capabilities: list[str]
    status: Literal["active", "deprecated"]
    deprecated_at: str | None
    provider: Provider | None


class Media(TypedDict):
    """An uploaded file."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    mime_type: str
    size: int
    sha256: str
    url: str


class Memory(TypedDict):
    """Something known from earlier. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    content: str
    kind: Literal["fact", "preference", "episode", "knowledge"]
    scope: Literal["workspace", "user", "agent", "thread"]
    agent_uuid: str | None
    user_uuid: str | None
    thread_uuid: str | None
    source: dict[str, Any] | None
    confidence: float
    expires_at: str | None
    supersedes_uuid: str | None
    used_count: int
    last_used_at: str | None
    embedding_model: str | None
    score: float | None
    creator: Person | None
    user: Person | None


class Message(TypedDict):
    """A message. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    thread_uuid: str
    parent_uuid: str | None
    run_uuid: str | None
    agent_uuid: str | None
    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]]
    model: str | None
    usage: Usage | None
    status: Literal["pending", "completed", "failed", "cancelled"]
    error: dict[str, Any] | None
    metadata: dict[str, Any]
    feedback: dict[str, Any] | None
    attachments: list[dict[str, Any]] | None
    creator: Person | None


class Person(TypedDict):
    """What everybody in the same workspace sees of a user."""

    uuid: str
    name: str
    email: str
    profile: dict[str, Any]


class Prompt(TypedDict):
    """A text with variables. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    description: str
    content: str
    variables: list[dict[str, Any]]
    model: str | None
    metadata: dict[str, Any]
    tags: list[str]
    version: int
    creator: Person | None
    versions: list[dict[str, Any]] | None


class Provider(TypedDict):
    """An integration's definition."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    slug: str
    kind: Literal["llm", "embedding", "mcp", "http"]
    base_url: str | None
    authentication_config: dict[str, Any]
    logo: str | None
    is_builtin: bool
    settings: dict[str, Any]


class Run(TypedDict):
    """One execution, followed through `GET /api/v1/runs/{run_uuid}/events`."""

    uuid: str
    created_at: str
    updated_at: str
    kind: Literal["agent", "thread", "prompt", "workflow", "training", "evaluation", "memory_extraction"]
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
    agent_uuid: str | None
    agent_version: int | None
    thread_uuid: str | None
    workflow_uuid: str | None
    workflow_version: int | None
    prompt_uuid: str | None
    prompt_version: int | None
    share_uuid: str | None
    message_uuid: str | None
    model: str | None
    output: Any
    error: dict[str, Any] | None
    usage: Usage | None
    started_at: str | None
    finished_at: str | None
    duration_ms: int | None


class Thread(TypedDict):
    """A conversation. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    metadata: dict[str, Any]
    creator: Person | None
    agent: Agent | None
    attachments: list[dict[str, Any]] | None
    messages: list[Message] | None
    workspace: Workspace | None
    agent_uuid: str | None
    last_message_at: str


class Tool(TypedDict):
    """What agents and workflows can have done. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    description: str
    type: Literal["builtin", "http", "openapi", "mcp", "workflow", "agent", "code"]
    config: dict[str, Any]
    parameters: dict[str, Any] | None
    functions: list[dict[str, Any]]
    account_uuid: str | None
    requires_approval: bool
    approval_condition: str | None
    seconds: float | None
    max_result_bytes: int
    enabled: bool
    refreshed_at: str
    creator: Person | None
    account: Account | None


class Usage(TypedDict):
    """Tokens and cost of an answer, as far as they are known; ``cost`` in US dollars."""

    input_tokens: int | None
    output_tokens: int | None
    cost: float | None


class User(TypedDict):
    """A person."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    email: str
    profile: dict[str, Any]
    preferences: dict[str, Any]
    default_workspace_uuid: str | None
    workspaces: list[dict[str, Any]]


class Variable(TypedDict):
    """A value that workflows read by its name: `workspace.variables.NAME`, or `secrets.NAME` of a secret."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    description: str
    kind: Literal["variable", "secret"]
    value: Any
    hint: str | None
    creator: Person | None


class Workflow(TypedDict):
    """A graph of nodes that is run durably. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    description: str
    status: Literal["draft", "active", "inactive"]
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    variables: list[dict[str, Any]]
    settings: dict[str, Any]
    problems: list[dict[str, Any]]
    webhook: dict[str, Any] | None
    version: int
    tags: list[str]
    creator: Person | None
    versions: list[dict[str, Any]] | None


class WorkflowExecution(TypedDict):
    """One run of a workflow; its uuid is the run's. Relations are null unless ``with`` names them."""

    uuid: str
    created_at: str
    updated_at: str
    workflow_uuid: str
    workflow: Workflow | None
    workflow_version: int
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
    trigger: Literal["manual", "api", "webhook", "schedule", "event", "error", "agent", "workflow", "retry"]
    input: Any
    output: Any
    error: dict[str, Any] | None
    usage: dict[str, Any] | None
    started_at: str | None
    finished_at: str | None
    duration_ms: int | None
    source_execution_uuid: str | None
    parent_execution_uuid: str | None
    data: dict[str, Any] | None


class Workspace(TypedDict):
    """A tenant: what its members share, and nobody else sees."""

    uuid: str
    created_at: str
    updated_at: str
    name: str
    slug: str
    description: str
    settings: dict[str, Any]
    retention: dict[str, Any]
    members_count: int
