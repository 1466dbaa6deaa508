"""Names a thread from what was said in it."""

from __future__ import annotations

from uuid import UUID

from athena.accounts.service import Connections
from athena.agents.service import AgentService
from athena.budgets.calls import pay, set_aside
from athena.budgets.spending import Spender, release
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import UpstreamFailed, UpstreamTimeout, ValidationFailed
from athena.large_language_models.service import ResolvedModel, resolve
from athena.large_language_models.usage import charged, usage_of, used
from athena.llm.errors import ErrorKind, ModelError
from athena.llm.types import Completed, Message, ModelRequest
from athena.messages.service import MessageService
from athena.runs.conversation import instructions, to_messages
from athena.runs.schemas import NameGeneration
from athena.threads.service import ThreadService

MAXIMUM_MESSAGES = 8
MAXIMUM_CHARACTERS = 600
MAXIMUM_NAME = 80
MAXIMUM_TOKENS = 40

TASK = (
    "You name conversations. Answer with a name of at most six words for the conversation that you are given, in the "
    "language in which its people write. Only the name: no quotes, no full stop, no explanation."
)


async def generate_name(session: Session, access: Access, thread_uuid: UUID, given: NameGeneration) -> Row:
    """Asks a model for a name, and gives it to the thread. No connection is held meanwhile."""
    threads = ThreadService(session, access)
    thread = await threads.get(thread_uuid)
    messages = MessageService(session, access)
    tip = await messages.tip(thread_uuid)
    rows = await messages.branch(tip) if tip else []
    said = to_messages(rows[:MAXIMUM_MESSAGES], {}, {}, vision=False)
    transcript = "\n\n".join(f"{message.role}: {message.text[:MAXIMUM_CHARACTERS]}" for message in said)
    if not transcript:
        raise ValidationFailed("The thread has no messages to name it from.", code="thread_empty")
    # Without its agent, where that does not exist for the caller.
    found = await AgentService(session, access).rows([thread["agent_uuid"]]) if thread["agent_uuid"] else []
    agent = found[0] if found else None
    settings = instructions(agent, thread["metadata"], {"model": given.model}, {})
    connections = session.provided(Connections)
    account_uuid = agent["account_uuid"] if agent else None
    model = await resolve(session, connections, access.workspace_uuid, model=settings.model, account_uuid=account_uuid)
    await session.commit()
    request = ModelRequest(
        model=model.model_id,
        messages=(Message("user", f"{transcript}\n\nThe name of this conversation:"),),
        system=TASK,
        max_tokens=MAXIMUM_TOKENS,
        stream=False,
    )
    completed = await _asked(session, access, model, request)
    return await threads.rename(thread_uuid, clean(completed.text) or thread["name"])


async def _asked(session: Session, access: Access, model: ResolvedModel, request: ModelRequest) -> Completed:
    """The model's answer, within the budgets of who asks for it."""
    spender = Spender(access.workspace_uuid, access.user_uuid, access.token_uuid)
    reservation = await set_aside(session.database, spender, "name", model, request)
    try:
        completed = await session.provided(Connections).models.complete(model.endpoint, request)
    except ModelError as error:
        if reservation is not None:
            await release(session.database, reservation)
        kind = UpstreamTimeout if error.kind is ErrorKind.TIMEOUT else UpstreamFailed
        raise kind(str(error), code=error.kind.value) from error
    usage, _ = used(request, completed)
    taken = usage_of(usage, await charged(model, usage))
    if reservation is not None:
        await pay(session, reservation, taken)
    return completed


def clean(text: str) -> str:
    """A model's answer as a name: its first line, without quotes and full stops, cut at a word."""
    line = next((part.strip() for part in text.replace("\0", "").splitlines() if part.strip()), "")
    line = line.strip("\"'“”„«»`*# ").removesuffix(".").strip()
    if len(line) <= MAXIMUM_NAME:
        return line
    return line[:MAXIMUM_NAME].rsplit(" ", 1)[0].rstrip(",;:")
