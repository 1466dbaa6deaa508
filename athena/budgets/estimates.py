"""What a call of a model may cost at most, before it is made."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from athena.large_language_models.service import ResolvedModel
from athena.large_language_models.usage import cost_of
from athena.llm import tokens
from athena.llm.types import ModelRequest, Usage

UNBOUNDED_TOKENS: Final = 4_096
"""What an answer is taken to have at most where nobody limits it, unless the model's own limit is less."""


class Estimate(NamedTuple):
    """US dollars, 0 where the model's prices are not known; and tokens of question and answer."""

    cost: float
    tokens: int


async def estimate(model: ResolvedModel, request: ModelRequest) -> Estimate:
    """What asking ``model`` may take: the whole request, rather too long than too short, and the longest answer."""
    answer = request.max_tokens or min(model.max_output_tokens or UNBOUNDED_TOKENS, UNBOUNDED_TOKENS)
    usage = Usage(input_tokens=_length(request), output_tokens=answer)
    cost = await cost_of(model, usage)
    return Estimate(float(cost or 0), usage.input_tokens + usage.output_tokens)


def _length(request: ModelRequest) -> int:
    size = tokens.estimate(request.system or "") + sum(map(tokens.estimate_message, request.messages))
    for part in (*request.tools, *filter(None, (request.response_schema,))):
        size += -(-len(msgspec.json.encode(part)) // tokens.BYTES_PER_TOKEN)
    return size
