"""Uses each resource once through the generated package; started with an address, a token and a model server."""

from __future__ import annotations

import sys
import time
from io import BytesIO
from typing import TypeVar
from uuid import UUID

from athena_generated import AuthenticatedClient
from athena_generated.api.account import create_account, verify_account
from athena_generated.api.agent import create_agent, get_agent, get_agent_leaderboard, share_agent
from athena_generated.api.approval import answer_approval, get_approvals
from athena_generated.api.audit import get_audit_events
from athena_generated.api.authentication import create_token, get_permissions
from athena_generated.api.command_room_task import store_command_room_task
from athena_generated.api.large_language_model import get_large_language_models
from athena_generated.api.media import upload_media
from athena_generated.api.memory import create_memory, get_memories
from athena_generated.api.message import create_message
from athena_generated.api.metrics import get_agents_metrics
from athena_generated.api.prompt import create_prompt
from athena_generated.api.provider import get_providers
from athena_generated.api.run import get_runs
from athena_generated.api.share import get_shares
from athena_generated.api.thread import create_thread, get_threads, run_thread
from athena_generated.api.user import get_authenticated_user
from athena_generated.api.variable import create_variable
from athena_generated.api.webhook import create_webhook
from athena_generated.api.workflow import create_workflow, run_workflow, share_workflow, update_workflow
from athena_generated.api.workflow_execution import (
    get_workflow_execution,
    get_workflow_execution_counts,
    get_workflow_executions,
    retry_workflow_execution,
)
from athena_generated.api.workspace import (
    create_workspace_invitation,
    export_workspace,
    get_workspace_members,
    get_workspaces,
    update_workspace,
)
from athena_generated.models import (
    AccountCreate,
    AccountCreateCredentials,
    AgentCreate,
    ApprovalAnswerCreate,
    ApprovalAnswerCreateDecisionType0,
    CommandRoomTaskCreate,
    Edge,
    ExecutionRetry,
    GetWorkflowExecutionsStatus,
    InvitationCreate,
    MemoryCreate,
    MessageCreate,
    ModelMetadata,
    Node,
    NodeData,
    Person,
    Problem,
    PromptCreate,
    RunData,
    ShareCreate,
    ShareCreateGrantee,
    ThreadCreate,
    ThreadRun,
    TokenCreate,
    UploadMediaForm,
    VariableCreate,
    WebhookCreate,
    WorkflowCreate,
    WorkflowCreateStatus,
    WorkflowRun,
    WorkflowUpdate,
    WorkspaceUpdate,
)
from athena_generated.types import File

T = TypeVar("T")
base_url, token, model_server = sys.argv[1:]
api = AuthenticatedClient(base_url=base_url, token=token, raise_on_unexpected_status=True)


def given(answer: T | Problem | None) -> T:
    """The answer, when it is no problem."""
    assert answer is not None
    assert not isinstance(answer, Problem), answer
    return answer


user = given(get_authenticated_user.sync(client=api)).data
workspace = given(get_workspaces.sync(client=api)).data[0]
given(update_workspace.sync(workspace.uuid, client=api, body=WorkspaceUpdate(description="Ours")))
given(get_workspace_members.sync(workspace.uuid, client=api))
invitation = InvitationCreate(email="python@example.com")
given(create_workspace_invitation.sync(workspace.uuid, client=api, body=invitation))
given(export_workspace.sync(workspace.uuid, client=api))
given(get_permissions.sync(client=api))
provider = given(get_providers.sync(client=api, slug="openai-compatible")).data[0]
secrets = AccountCreateCredentials.from_dict({"base_url": model_server, "api_key": "sk-0123456789"})
body = AccountCreate(name="Scripted", provider_uuid=provider.uuid, credentials=secrets)
account = given(create_account.sync(client=api, body=body)).data
given(verify_account.sync(account.uuid, client=api))
given(get_large_language_models.sync(client=api, account_uuid=account.uuid))
metadata = ModelMetadata(temperature=0.3)
metadata["department"] = "sales"
agent = given(
    create_agent.sync(
        client=api,
        body=AgentCreate(name="Teller", model="mock-t3", account_uuid=account.uuid, metadata=metadata, with_="creator"),
    )
).data
assert isinstance(agent.creator, Person)
assert agent.creator.name == user.name
thread = given(create_thread.sync(client=api, body=ThreadCreate(name="Story", agent_uuid=agent.uuid))).data
given(create_message.sync(client=api, body=MessageCreate(thread_uuid=thread.uuid, content="Hello")))
run = given(
    run_thread.sync(thread.uuid, client=api, body=ThreadRun(message="Tell me something."), idempotency_key="use-python")
)
assert isinstance(run, RunData)
assert run.data.status == "succeeded"
given(get_runs.sync(client=api, thread_uuid=thread.uuid, per_page=5))
page = given(get_threads.sync(client=api, sort="-created_at", with_="creator,messages"))
assert page.meta.total
assert page.data[0].messages
given(create_prompt.sync(client=api, body=PromptCreate(name="Summary in Python", content="Summarise {{text}}")))
given(create_memory.sync(client=api, body=MemoryCreate(content="Prefers short answers.")))
given(get_memories.sync(client=api, query="length of answers"))
share = ShareCreate(grantee=ShareCreateGrantee.LINK)
given(share_agent.sync(agent.uuid, client=api, body=share))
given(store_command_room_task.sync(client=api, body=CommandRoomTaskCreate(title="Opened the order")))
given(create_webhook.sync(client=api, body=WebhookCreate(url="https://example.com/hook")))
given(get_agents_metrics.sync(client=api))
given(get_agent_leaderboard.sync(client=api))
given(get_audit_events.sync(client=api))
file = File(payload=BytesIO(b"Hello"), file_name="a.txt", mime_type="text/plain")
given(upload_media.sync(client=api, body=UploadMediaForm(file=file)))
given(create_token.sync(client=api, body=TokenCreate(name="Program")))
given(create_variable.sync(client=api, body=VariableCreate(name="LIMIT_PY", value=100)))


def node(name: str, kind: str, **data: object) -> Node:
    """A node of a workflow."""
    return Node(id=name, type_=kind, data=NodeData.from_dict(data))


total = {"total": "{{ trigger.input.price * 2 }}", "limit": "{{ workspace.variables.LIMIT_PY }}"}
workflow = given(
    create_workflow.sync(
        client=api,
        body=WorkflowCreate(
            name="Orders in Python",
            status=WorkflowCreateStatus.ACTIVE,
            nodes=[
                node("start", "manual_trigger"),
                node("sum", "set", fields=total),
                node("ask", "approval", title="Pay {{ input.total }}?"),
            ],
            edges=[Edge(source="start", target="sum"), Edge(source="sum", target="ask")],
        ),
    )
).data
assert workflow.problems == []
given(update_workflow.sync(workflow.uuid, client=api, body=WorkflowUpdate(description="Asks before it pays.")))
started = given(run_workflow.sync(workflow.uuid, client=api, body=WorkflowRun(input_={"price": 4}, background=True)))
assert isinstance(started, RunData)
while not (asked := given(get_approvals.sync(client=api, workflow_uuid=workflow.uuid)).data):
    time.sleep(0.05)
assert asked[0].title == "Pay 8?"
answer = ApprovalAnswerCreate(decision=ApprovalAnswerCreateDecisionType0.APPROVED)
given(answer_approval.sync(asked[0].uuid, client=api, body=answer))
while (execution := given(get_workflow_execution.sync(started.data.uuid, client=api)).data).status != "succeeded":
    time.sleep(0.05)
assert execution.data
assert execution.data.nodes["sum"].output == {"total": 8, "limit": 100}
done = GetWorkflowExecutionsStatus.SUCCEEDED
given(get_workflow_executions.sync(client=api, workflow_uuid=workflow.uuid, status=done, with_="workflow"))
assert given(get_workflow_execution_counts.sync(client=api, workflow_uuid=workflow.uuid)).data.total == 1
again = ExecutionRetry(from_node_id="ask", background=True)
given(retry_workflow_execution.sync(execution.uuid, client=api, body=again))
given(share_workflow.sync(workflow.uuid, client=api, body=share))
missing = get_agent.sync(UUID(int=7), client=api)
assert isinstance(missing, Problem)
assert missing.code == "not_found"
given(get_shares.sync(client=api))
