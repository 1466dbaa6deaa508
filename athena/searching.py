"""What the built-in search of a workspace looks through."""

from __future__ import annotations

from athena.agents import service as agents
from athena.command_room_tasks import service as command_room_tasks
from athena.messages import service as messages
from athena.permissions import Permission
from athena.prompts import service as prompts
from athena.threads import service as threads
from athena.tools.builtins.search import SearchSources, Source
from athena.workflows import service as workflows


def search_sources() -> SearchSources:
    """Each kind of thing, as its own list finds it."""
    return SearchSources(
        [
            Source("agent", Permission.AGENTS_VIEW, agents.AgentService, agents.LIST),
            Source("workflow", Permission.WORKFLOWS_VIEW, workflows.WorkflowService, workflows.LIST),
            Source("prompt", Permission.PROMPTS_VIEW, prompts.PromptService, prompts.LIST),
            Source("thread", Permission.THREADS_VIEW, threads.ThreadService, threads.LIST, text="name"),
            Source(
                "message",
                Permission.MESSAGES_VIEW,
                messages.MessageService,
                messages.LIST,
                title="role",
                text="content",
            ),
            Source(
                "command_room_task",
                Permission.COMMAND_ROOM_TASKS_VIEW,
                command_room_tasks.CommandRoomTaskService,
                command_room_tasks.LIST,
                title="title",
            ),
        ]
    )
