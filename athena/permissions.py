"""What can be permitted, and which role permits it: data, from which routes, tokens and documents are checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType


class Permission(StrEnum):
    """``resource.action``; declared at the route that needs it."""

    USER_UPDATE = "user.update"
    """Change one's own name, profile and password. Every member has it."""
    USER_DELETE = "user.delete"
    """End one's own user. Every member has it."""
    USER_EXPORT = "user.export"
    """Take along what is one's own. Every member has it."""
    INVITATIONS_VIEW = "invitations.view"
    """See the invitations to one's own address. Every member has it."""
    INVITATIONS_ACCEPT = "invitations.accept"
    """Accept or decline them. Every member has it."""
    WORKSPACES_VIEW = "workspaces.view"
    WORKSPACES_CREATE = "workspaces.create"
    """Found a new workspace and own it. Every member has it."""
    WORKSPACES_UPDATE = "workspaces.update"
    WORKSPACES_DELETE = "workspaces.delete"
    WORKSPACES_TRANSFER = "workspaces.transfer"
    """Make another member the owner in one's own place."""
    WORKSPACES_EXPORT = "workspaces.export"
    """Take everything that is in it along."""
    MEMBERS_VIEW = "members.view"
    MEMBERS_CREATE = "members.create"
    MEMBERS_UPDATE = "members.update"
    MEMBERS_DELETE = "members.delete"
    TOKENS_VIEW = "tokens.view"
    TOKENS_CREATE = "tokens.create"
    TOKENS_DELETE = "tokens.delete"
    PROVIDERS_VIEW = "providers.view"
    PROVIDERS_CREATE = "providers.create"
    PROVIDERS_UPDATE = "providers.update"
    PROVIDERS_DELETE = "providers.delete"
    ACCOUNTS_VIEW = "accounts.view"
    ACCOUNTS_CREATE = "accounts.create"
    ACCOUNTS_UPDATE = "accounts.update"
    ACCOUNTS_DELETE = "accounts.delete"
    ACCOUNTS_VERIFY = "accounts.verify"
    LARGE_LANGUAGE_MODELS_VIEW = "large_language_models.view"
    AGENTS_VIEW = "agents.view"
    AGENTS_CREATE = "agents.create"
    AGENTS_UPDATE = "agents.update"
    AGENTS_DELETE = "agents.delete"
    AGENTS_RUN = "agents.run"
    AGENTS_TRAIN = "agents.train"
    """Have agents learn from sources."""
    AGENTS_SHARE = "agents.share"
    AGENTS_GENERATE = "agents.generate"
    TOOLS_VIEW = "tools.view"
    TOOLS_CREATE = "tools.create"
    TOOLS_UPDATE = "tools.update"
    TOOLS_DELETE = "tools.delete"
    TOOLS_CALL = "tools.call"
    DATASETS_VIEW = "datasets.view"
    DATASETS_CREATE = "datasets.create"
    DATASETS_UPDATE = "datasets.update"
    DATASETS_DELETE = "datasets.delete"
    EVALUATIONS_VIEW = "evaluations.view"
    EVALUATIONS_CREATE = "evaluations.create"
    EVALUATIONS_CANCEL = "evaluations.cancel"
    EVALUATIONS_DELETE = "evaluations.delete"
    PROMPTS_VIEW = "prompts.view"
    PROMPTS_CREATE = "prompts.create"
    PROMPTS_UPDATE = "prompts.update"
    PROMPTS_DELETE = "prompts.delete"
    PROMPTS_RUN = "prompts.run"
    PROMPTS_SHARE = "prompts.share"
    THREADS_VIEW = "threads.view"
    THREADS_CREATE = "threads.create"
    THREADS_UPDATE = "threads.update"
    THREADS_DELETE = "threads.delete"
    THREADS_RUN = "threads.run"
    THREADS_SHARE = "threads.share"
    COMMAND_ROOM_TASKS_VIEW = "command_room_tasks.view"
    COMMAND_ROOM_TASKS_CREATE = "command_room_tasks.create"
    COMMAND_ROOM_TASKS_UPDATE = "command_room_tasks.update"
    COMMAND_ROOM_TASKS_DELETE = "command_room_tasks.delete"
    SHARES_VIEW = "shares.view"
    SHARES_UPDATE = "shares.update"
    SHARES_DELETE = "shares.delete"
    SHARED_VIEW = "shared.view"
    """See what others share with oneself or one's workspace. Every member has it; the share says what it gives."""
    SHARED_UPDATE = "shared.update"
    SHARED_RUN = "shared.run"
    MESSAGES_VIEW = "messages.view"
    MESSAGES_CREATE = "messages.create"
    MESSAGES_UPDATE = "messages.update"
    MESSAGES_DELETE = "messages.delete"
    MEMORIES_VIEW = "memories.view"
    MEMORIES_CREATE = "memories.create"
    MEMORIES_UPDATE = "memories.update"
    MEMORIES_DELETE = "memories.delete"
    VARIABLES_VIEW = "variables.view"
    VARIABLES_CREATE = "variables.create"
    VARIABLES_UPDATE = "variables.update"
    VARIABLES_DELETE = "variables.delete"
    GUARDRAILS_VIEW = "guardrails.view"
    GUARDRAILS_CREATE = "guardrails.create"
    GUARDRAILS_UPDATE = "guardrails.update"
    GUARDRAILS_DELETE = "guardrails.delete"
    GUARDRAILS_TEST = "guardrails.test"
    BUDGETS_VIEW = "budgets.view"
    BUDGETS_CREATE = "budgets.create"
    BUDGETS_UPDATE = "budgets.update"
    BUDGETS_DELETE = "budgets.delete"
    WORKFLOWS_VIEW = "workflows.view"
    WORKFLOWS_CREATE = "workflows.create"
    WORKFLOWS_UPDATE = "workflows.update"
    WORKFLOWS_DELETE = "workflows.delete"
    WORKFLOWS_RUN = "workflows.run"
    WORKFLOWS_SHARE = "workflows.share"
    WORKFLOWS_GENERATE = "workflows.generate"
    WORKFLOW_EXECUTIONS_VIEW = "workflow_executions.view"
    WORKFLOW_EXECUTIONS_DELETE = "workflow_executions.delete"
    WORKFLOW_EXECUTIONS_RETRY = "workflow_executions.retry"
    WORKFLOW_EXECUTIONS_CANCEL = "workflow_executions.cancel"
    WORKFLOW_EXECUTIONS_ANSWER = "workflow_executions.answer"
    """Answer what an execution asks people: approve, refuse, fill in a form."""
    RUNS_VIEW = "runs.view"
    RUNS_CANCEL = "runs.cancel"
    METRICS_VIEW = "metrics.view"
    MEDIA_VIEW = "media.view"
    MEDIA_CREATE = "media.create"
    MEDIA_DELETE = "media.delete"
    AUDIT_EVENTS_VIEW = "audit_events.view"
    """See who did what in the workspace."""
    USER_EVENTS_VIEW = "user_events.view"
    """See one's own sign-ins and tokens. Every member has it."""
    WEBHOOKS_VIEW = "webhooks.view"
    WEBHOOKS_CREATE = "webhooks.create"
    WEBHOOKS_UPDATE = "webhooks.update"
    WEBHOOKS_DELETE = "webhooks.delete"
    BUNDLES_VIEW = "bundles.view"
    BUNDLES_CREATE = "bundles.create"
    """Upload a bundle, to be looked at and applied."""
    BUNDLES_EXPORT = "bundles.export"
    BUNDLES_APPLY = "bundles.apply"
    """Plan and apply a bundle; each of its resources needs its own permission as well."""


_VALUES = frozenset(permission.value for permission in Permission)


class Role(StrEnum):
    """A member's part in a workspace; each is a set of permissions."""

    OWNER = "owner"
    ADMIN = "admin"
    BUILDER = "builder"
    OPERATOR = "operator"
    VIEWER = "viewer"


_OWNER = frozenset(Permission)
_ADMIN = _OWNER - {
    Permission.WORKSPACES_DELETE,
    Permission.WORKSPACES_TRANSFER,
    Permission.WORKSPACES_EXPORT,
}
PERSONAL_PERMISSIONS = frozenset(
    {
        Permission.USER_UPDATE,
        Permission.USER_DELETE,
        Permission.USER_EXPORT,
        Permission.INVITATIONS_VIEW,
        Permission.INVITATIONS_ACCEPT,
        Permission.WORKSPACES_CREATE,
        Permission.USER_EVENTS_VIEW,
    }
)
"""What everybody may on their own account, whatever the role; a token of one workspace may none of it."""
_VIEWER = (
    frozenset(p for p in Permission if p.value.endswith(".view"))
    - {Permission.TOKENS_VIEW, Permission.AUDIT_EVENTS_VIEW, Permission.WEBHOOKS_VIEW}
    | PERSONAL_PERMISSIONS
    | {Permission.SHARED_UPDATE, Permission.SHARED_RUN}
)
_OPERATOR = _VIEWER | {
    Permission.AGENTS_RUN,
    Permission.TOOLS_CALL,
    Permission.PROMPTS_RUN,
    Permission.COMMAND_ROOM_TASKS_CREATE,
    Permission.COMMAND_ROOM_TASKS_UPDATE,
    Permission.COMMAND_ROOM_TASKS_DELETE,
    Permission.THREADS_CREATE,
    Permission.THREADS_UPDATE,
    Permission.THREADS_DELETE,
    Permission.THREADS_RUN,
    Permission.MESSAGES_CREATE,
    Permission.MESSAGES_UPDATE,
    Permission.MESSAGES_DELETE,
    Permission.MEMORIES_CREATE,
    Permission.MEMORIES_UPDATE,
    Permission.MEMORIES_DELETE,
    Permission.WORKFLOWS_RUN,
    Permission.WORKFLOW_EXECUTIONS_RETRY,
    Permission.WORKFLOW_EXECUTIONS_CANCEL,
    Permission.WORKFLOW_EXECUTIONS_ANSWER,
    Permission.RUNS_CANCEL,
    Permission.MEDIA_CREATE,
    Permission.MEDIA_DELETE,
    Permission.TOKENS_VIEW,
    Permission.TOKENS_CREATE,
    Permission.TOKENS_DELETE,
}
_BUILDER = _OPERATOR | {
    Permission.PROVIDERS_CREATE,
    Permission.PROVIDERS_UPDATE,
    Permission.PROVIDERS_DELETE,
    Permission.ACCOUNTS_CREATE,
    Permission.ACCOUNTS_UPDATE,
    Permission.ACCOUNTS_DELETE,
    Permission.ACCOUNTS_VERIFY,
    Permission.AGENTS_CREATE,
    Permission.AGENTS_UPDATE,
    Permission.AGENTS_DELETE,
    Permission.TOOLS_CREATE,
    Permission.TOOLS_UPDATE,
    Permission.TOOLS_DELETE,
    Permission.AGENTS_TRAIN,
    Permission.DATASETS_CREATE,
    Permission.DATASETS_UPDATE,
    Permission.DATASETS_DELETE,
    Permission.EVALUATIONS_CREATE,
    Permission.EVALUATIONS_CANCEL,
    Permission.EVALUATIONS_DELETE,
    Permission.PROMPTS_CREATE,
    Permission.PROMPTS_UPDATE,
    Permission.PROMPTS_DELETE,
    Permission.VARIABLES_CREATE,
    Permission.VARIABLES_UPDATE,
    Permission.VARIABLES_DELETE,
    Permission.GUARDRAILS_CREATE,
    Permission.GUARDRAILS_UPDATE,
    Permission.GUARDRAILS_DELETE,
    Permission.GUARDRAILS_TEST,
    Permission.WORKFLOWS_CREATE,
    Permission.WORKFLOWS_UPDATE,
    Permission.WORKFLOWS_DELETE,
    Permission.WORKFLOWS_GENERATE,
    Permission.WORKFLOW_EXECUTIONS_DELETE,
    Permission.AGENTS_SHARE,
    Permission.AGENTS_GENERATE,
    Permission.PROMPTS_SHARE,
    Permission.THREADS_SHARE,
    Permission.WORKFLOWS_SHARE,
    Permission.SHARES_UPDATE,
    Permission.SHARES_DELETE,
    Permission.BUNDLES_CREATE,
    Permission.BUNDLES_EXPORT,
    Permission.BUNDLES_APPLY,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.OWNER: _OWNER,
        Role.ADMIN: _ADMIN,
        Role.BUILDER: _BUILDER,
        Role.OPERATOR: _OPERATOR,
        Role.VIEWER: _VIEWER,
    }
)

ROLE_RANKS: Mapping[Role, int] = MappingProxyType(
    {role: rank for rank, role in enumerate((Role.VIEWER, Role.OPERATOR, Role.BUILDER, Role.ADMIN, Role.OWNER))}
)
"""How far up each role stands: nobody grants, changes or removes a role above their own."""


def outranks(role: str, other: str) -> bool:
    """Whether ``role`` stands above ``other``."""
    return ROLE_RANKS[Role(role)] > ROLE_RANKS[Role(other)]


_FAMILY = ".*"


def is_scope(text: str) -> bool:
    """Whether ``text`` can narrow a token: a permission, or a family of them such as ``agents.*``."""
    return bool(_expand(text))


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions that ``scopes`` name; those that no longer exist name none."""
    return frozenset(permission for scope in scopes for permission in _expand(scope))


def narrowed(role: str, scopes: frozenset[str] | None) -> frozenset[str]:
    """The permissions of ``role``, as far as a token's expanded ``scopes`` leave them."""
    full = ROLE_PERMISSIONS[Role(role)]
    return full if scopes is None else full & scopes


@lru_cache(1024)
def _expand(scope: str) -> frozenset[str]:
    if scope.endswith(_FAMILY):
        return frozenset(p.value for p in Permission if p.value.startswith(scope[:-1]))
    return frozenset({scope}) if scope in _VALUES else frozenset()
