"""What the inputs of operations refer to."""

from __future__ import annotations

from tests.tenants.surface import Input, Operation

# What an input of this name refers to. A name that is not here fails the test of the inputs.
KINDS = {
    "workspace_uuid": "workspace",
    "default_workspace_uuid": "workspace",
    "user_uuid": "user",
    "creator_uuid": "user",
    "token_uuid": "token",
    "session_uuid": "user_session",
    "provider_uuid": "provider",
    "account_uuid": "account",
    "agent_uuid": "agent",
    "thread_uuid": "thread",
    "message_uuid": "message",
    "parent_uuid": "message",
    "media_uuid": "media",
    "avatar_uuid": "media",
    "run_uuid": "run",
    "large_language_model_uuid": "large_language_model",
    "model": "large_language_model",
    "extract_model": "large_language_model",
    "prompt_uuid": "prompt",
    "variable_uuid": "variable",
    "tool_uuid": "tool",
    "guardrail_uuid": "guardrail",
    "agent_uuids": "agent",
    "prompt_uuids": "prompt",
    "workflow_uuids": "workflow",
    "dataset_uuids": "dataset",
    "bundle_uuid": "bundle",
    "guardrail_uuids": "guardrail",
    "tool_uuids": "tool",
    "team_uuids": "colleague",
    "budget_uuid": "budget",
    "scope_uuid": "agent",
    "approval_uuid": "approval",
    "invitation_uuid": "invitation",
    "audit_event_uuid": "audit_event",
    "resource_uuid": "agent",
    "actor_user_uuid": "user",
    "share_uuid": "share",
    "shareable_uuid": "agent",
    "webhook_uuid": "webhook",
    "delivery_uuid": "delivery",
    "memory_uuid": "memory",
    "command_room_task_uuid": "command_room_task",
    "export_uuid": "export",
    "supersedes_uuid": "memory",
    "source_uuid": "thread",
    "agent_source_uuid": "agent_source",
    "workflow_uuid": "workflow",
    "error_workflow_uuid": "workflow",
    "workflow_execution_uuid": "workflow_execution",
    "dataset_uuid": "dataset",
    "item_uuid": "dataset_item",
    "evaluation_uuid": "evaluation",
    "a": "evaluation",
    "b": "evaluation",
    "source_execution_uuid": "workflow_execution",
    "execution_uuid": "workflow_execution",
}


def known(operation: Operation) -> list[Input]:
    """The ids of an operation, as far as it is known what they refer to; another test finds the others."""
    return [each for each in operation.uuids if (operation.id, each.path) in SPECIAL or each.name in KINDS]


def kind_of(each: Input) -> str:
    """What this input refers to."""
    return SPECIAL.get((each.operation.id, each.path)) or KINDS[each.name]


# Inputs whose name means something else here.
SPECIAL = {
    ("accept_invitation", "invitation_uuid"): "own_invitation",
    ("decline_invitation", "invitation_uuid"): "own_invitation",
    ("explain_permission", "uuid"): "agent",
    **{(each, "export_uuid"): "user_export" for each in ("get_user_export", "delete_user_export")},
    **{(f"{verb}_agent_source", "source_uuid"): "agent_source" for verb in ("get", "delete", "refresh")},
    ("create_memory", "source.uuid"): "thread",
    ("update_memory", "source.uuid"): "thread",
    **{(each, "share_uuid"): "shared" for each in ("get_shared_resource", "update_shared_resource")},
    **{(each, "share_uuid"): "shared" for each in ("run_shared_resource", "get_shared_run", "get_shared_run_events")},
    **{(each, "run_uuid"): "shared_run" for each in ("get_shared_run", "get_shared_run_events")},
    **{(each, "run_uuid"): "link_run" for each in ("get_linked_run", "get_linked_run_events")},
}
# How to make one go away; kinds that nobody can delete are not here.
DELETERS = {
    "user": "delete_workspace_member",
    "token": "delete_token",
    "user_session": "delete_user_session",
    "provider": "delete_provider",
    "account": "delete_account",
    "media": "delete_media",
    "agent": "delete_agent",
    "tool": "delete_tool",
    "agent_source": "delete_agent_source",
    "thread": "delete_thread",
    "message": "delete_message",
    "invitation": "delete_workspace_invitation",
    "own_invitation": "decline_invitation",
    "prompt": "delete_prompt",
    "variable": "delete_variable",
    "guardrail": "delete_guardrail",
    "budget": "delete_budget",
    "dataset": "delete_dataset",
    "dataset_item": "delete_dataset_item",
    "evaluation": "delete_evaluation",
    "workflow": "delete_workflow",
    "workflow_execution": "delete_workflow_execution",
    "webhook": "delete_webhook",
    "memory": "delete_memory",
    "command_room_task": "remove_command_room_task",
    "export": "delete_workspace_export",
    "user_export": "delete_user_export",
    "share": "delete_share",
}
