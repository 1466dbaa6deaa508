"""Runs a prompt: its text with the variables' values in it is what the user says."""

from __future__ import annotations

from uuid import UUID

from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.prompts import template
from athena.prompts.service import PromptService
from athena.runs.conversation import instructions
from athena.runs.schemas import PromptRun
from athena.runs.service import RunService


async def run_prompt(
    session: Session, access: Access, service: RunService, prompt_uuid: UUID, given: PromptRun
) -> UUID:
    """Accepts a run of a prompt as it is now, as of one version, or as a channel says; the run's uuid."""
    prompts = PromptService(session, access)
    says, number = await prompts.definition(
        await prompts.get(prompt_uuid), sticky=new_uuid(), version=given.version, channel=given.channel
    )
    values = template.texts(says["variables"], given.variables)
    content = template.render(says["content"], values)
    if not content.strip():
        raise ValidationFailed.of("variables", "With these values the prompt says nothing.")
    base = {"metadata": says["metadata"], "model": says["model"], "system_prompt": None}
    return await service.accept(
        "prompt",
        instructions(base, None, given.asked, values),
        labels={"prompt_uuid": str(prompt_uuid), "prompt_version": number},
        account_uuid=given.account_uuid,
        messages=[{"role": "user", "content": content}],
    )
