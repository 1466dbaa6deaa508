"""The models that are known without asking a provider, from the data of ``genai-prices``."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from athena.llm.prices import load

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

PROVIDERS = ("openai", "anthropic", "google", "mistral", "groq", "openrouter")


class KnownModel(msgspec.Struct, frozen=True):
    """A model of a provider. Prices are US dollars per million tokens; ``None`` where the data do not say.

    Where a price depends on the prompt's length or the time, it is the lowest tier's, as of now. Costs are exact.
    """

    provider_slug: str
    id: str
    display_name: str
    context_window: int | None
    input_price: Decimal | None
    output_price: Decimal | None
    deprecated: bool


def known_models(now: datetime | None = None) -> list[KnownModel]:
    """The models of :data:`PROVIDERS`, in the data's order. Loads the data (see :mod:`athena.llm.prices`)."""
    at = now or datetime.now(UTC)
    data = load()
    return [
        _known(slug, model, at)
        for slug in PROVIDERS
        if slug in data
        for model in data[slug].models
        if not _is_family(model.id)
    ]


def _is_family(model_id: str) -> bool:
    """Some entries price a family of fine-tuned models, and are no name that could be sent."""
    return model_id.startswith("ft:") or model_id.endswith("-")


def _known(slug: str, model: ModelInfo, at: datetime) -> KnownModel:
    prices = model.get_prices(at)
    return KnownModel(
        provider_slug=slug,
        id=model.id,
        display_name=model.name or model.id,
        context_window=model.context_window,
        input_price=_base(prices.input_mtok),
        output_price=_base(prices.output_mtok),
        deprecated=bool(model.deprecated),
    )


def _base(price: object) -> Decimal | None:
    """A plain price, or the lowest tier of one that grows with the prompt."""
    found = price if isinstance(price, Decimal) else getattr(price, "base", None)
    return found if isinstance(found, Decimal) else None
