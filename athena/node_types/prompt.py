"""Has a model answer one of the workspace's prompts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from athena.kit.schemas import Uuid
from athena.large_language_models.parameters import ModelMetadata
from athena.node_types import child_runs, fields
from athena.node_types.base import Config, EffectCall, EffectNode, Result
from athena.node_types.failures import require
from athena.permissions import Permission
from athena.runs.prompts import run_prompt
from athena.runs.schemas import PromptRun


class PromptConfig(Config):
    """Which prompt is run with which values."""

    prompt_uuid: Annotated[Uuid, Field(description="The prompt.")]
    version: Annotated[
        int | None, Field(ge=1, le=2**31 - 1, description="The prompt as of this version. Left out: as it is now.")
    ] = None
    variables: Annotated[
        dict[str, JsonValue],
        Field(
            max_length=64,
            description="Values of the prompt's variables, of their types.",
            examples=[{"text": "{{ input.body }}"}],
        ),
    ] = Field(default_factory=dict[str, JsonValue])
    model: Annotated[fields.Model, Field(description="In place of the prompt's.")] = None
    account_uuid: fields.AccountUuid = None
    temperature: Annotated[fields.Temperature, Field(description="In place of the prompt's.")] = None
    max_tokens: Annotated[fields.MaxTokens, Field(description="In place of the prompt's.")] = None


class Prompt(EffectNode[PromptConfig]):
    """A run of a prompt."""

    type = "prompt"
    name = "Prompt"
    description = "Has a model answer one of the workspace's prompts, in a run of its own."
    category = "ai"
    config = PromptConfig
    seconds = child_runs.SECONDS
    output_schema = child_runs.OUTPUT

    async def execute(self, config: PromptConfig, call: EffectCall) -> Result:
        """The model's answer."""
        require(call, Permission.PROMPTS_RUN)
        over = {"temperature": config.temperature, "max_tokens": config.max_tokens}
        given = PromptRun(
            variables=config.variables,
            version=config.version,
            model=config.model,
            account_uuid=config.account_uuid,
            metadata=ModelMetadata.model_validate({name: value for name, value in over.items() if value is not None}),
        )
        return await child_runs.answered(
            call, lambda session, service: run_prompt(session, call.access, service, config.prompt_uuid, given)
        )
