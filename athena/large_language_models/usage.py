"""What a model call used, and what that cost."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec

from athena.large_language_models.service import ResolvedModel
from athena.llm import metrics, prices, tokens
from athena.llm.types import Completed, ModelRequest, Usage

MAXIMUM_TOKENS = 2**53
PRICED = frozenset({"openai", "anthropic", "google", "mistral", "groq", "openrouter"})
"""Providers with public prices that also know cached tokens and tiers."""


def used(request: ModelRequest, completed: Completed) -> tuple[Usage, bool]:
    """What a call used, and whether that is an estimate: of providers that do not say, or say what cannot be so."""
    if completed.usage is not None and _plausible(completed.usage):
        return completed.usage, False
    estimate = Usage(
        input_tokens=tokens.estimate(request.system or "") + sum(map(tokens.estimate_message, request.messages)),
        output_tokens=tokens.estimate(completed.text),
    )
    return estimate, True


def _plausible(usage: Usage) -> bool:
    return all(0 <= count <= MAXIMUM_TOKENS for count in msgspec.structs.astuple(usage))


async def cost_of(model: ResolvedModel, usage: Usage) -> Decimal | None:
    """What a call cost in US dollars: by the provider's public prices, or else by those that are kept of the model."""
    if model.provider_slug in PRICED:
        # The prices take half a second to load, the first time.
        cost = await asyncio.to_thread(prices.cost, model.provider_slug, model.model_id, usage)
        if cost is not None:
            return cost
    # Models that only read, such as those of embeddings, have no price for answers.
    if model.input_price is None or (model.output_price is None and usage.output_tokens):
        return None
    million = Decimal(1_000_000)
    answer = usage.output_tokens * Decimal(str(model.output_price or 0))
    return (usage.input_tokens * Decimal(str(model.input_price)) + answer) / million


async def charged(model: ResolvedModel, usage: Usage) -> Decimal | None:
    """As :func:`cost_of`, for a call that was made: it is counted."""
    cost = await cost_of(model, usage)
    dialect = model.endpoint.dialect.value
    metrics.tokens(dialect, "input").inc(usage.input_tokens)
    metrics.tokens(dialect, "output").inc(usage.output_tokens)
    metrics.cost(dialect).inc(float(cost or 0))
    return cost


def usage_of(usage: Usage, cost: Decimal | None) -> dict[str, Any]:
    """As runs and messages show it."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost": None if cost is None else float(cost),
    }
