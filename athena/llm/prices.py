"""What models cost, from the data of ``genai-prices`` as it was installed: nothing is fetched.

The data are loaded on first use (0.6 s once, some 20 MB); :func:`load` does that ahead, in a thread.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from athena.llm.types import Usage

if TYPE_CHECKING:
    from genai_prices.types import Provider


@cache
def load() -> dict[str, Provider]:
    """The providers of the price data by their slug. Safe to call in a thread before it is needed."""
    from genai_prices.data import providers  # noqa: PLC0415 - costs time and memory, so only when asked for

    return {provider.id: provider for provider in providers}


def cost(provider_slug: str, model: str, usage: Usage) -> Decimal | None:
    """What a call cost, in US dollars; ``None`` when the provider or model has no known price.

    Args:
        provider_slug: the built-in provider's slug, such as ``anthropic``; others have no price.
        model: the model's name as it was sent.
        usage: what the call used.
    """
    # The library would also find a provider whose name only resembles a known one, such as a proxy of it.
    provider = load().get(provider_slug)
    if provider is None:
        return None
    import genai_prices  # noqa: PLC0415

    counted = genai_prices.Usage(
        input_tokens=max(usage.input_tokens, usage.cached_input_tokens + usage.cache_write_tokens),
        output_tokens=max(usage.output_tokens, usage.reasoning_tokens),
        cache_read_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    try:
        return genai_prices.calc_price(counted, model, provider_id=provider.id).total_price
    except (LookupError, ValueError):
        return None
