"""What a budget looks like, coming in and going out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict, Field

from athena.budgets.periods import PeriodKind
from athena.budgets.state import Status
from athena.kit.schemas import Input, Name, Output, Resource, Time, Timestamp, Uuid, With
from athena.large_language_models.parameters import ModelName
from athena.users.schemas import Person

MAXIMUM_COST = 1_000_000_000
MAXIMUM_TOKENS = 2**53

ScopeType = Literal["workspace", "user", "token", "agent", "workflow"]
OnSoft = Literal["warn", "use_model"]

LimitCost = Annotated[
    float | None, Field(gt=0, le=MAXIMUM_COST, allow_inf_nan=False, description="US dollars.", examples=[20.0])
]
LimitTokens = Annotated[int | None, Field(ge=1, le=MAXIMUM_TOKENS, description="Tokens of input and output, in all.")]
SoftLimit = Annotated[
    float | None,
    Field(gt=0, lt=1, description="The part of the limits past which `on_soft` holds, such as 0.8.", examples=[0.8]),
]
SoftAction = Annotated[
    OnSoft,
    Field(description="`warn`: tell, and go on. `use_model`: ask `model` in place of the one that was meant, too."),
]
SoftModel = Annotated[ModelName | None, Field(description="The cheaper model, with `on_soft` `use_model`.")]
SoftAccount = Annotated[Uuid | None, Field(description="The account that `model` is asked with.")]
From = Annotated[Time | None, Query(alias="from", description="Left out: so that the last 30 periods are there.")]
To = Annotated[Time | None, Query(description="The end, exclusive. Left out: the present moment.")]


class BudgetCreate(Input):
    """A new budget; it has at least one limit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Support",
                    "scope_type": "agent",
                    "scope_uuid": "01980000-0000-7000-8000-000000000000",
                    "period": "month",
                    "timezone": "Europe/Berlin",
                    "limit_cost": 20.0,
                    "soft_limit": 0.8,
                    "on_soft": "use_model",
                    "model": "gpt-4o-mini",
                }
            ]
        }
    )

    name: Name
    scope_type: Annotated[ScopeType, Field(description="Whose spending counts; it stays.")]
    scope_uuid: Annotated[
        Uuid | None, Field(description="The user's, token's, agent's or workflow's; null for the workspace.")
    ] = None
    period: Annotated[PeriodKind, Field(description="After which it begins anew; `total`: never. It stays.")] = "month"
    timezone: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            description="The IANA's name of the time zone on whose calendar periods begin. It stays.",
            examples=["Europe/Berlin"],
        ),
    ] = "UTC"
    limit_cost: LimitCost = None
    limit_tokens: LimitTokens = None
    soft_limit: SoftLimit = None
    on_soft: SoftAction = "warn"
    model: SoftModel = None
    account_uuid: SoftAccount = None
    with_: With = Field(default=None, alias="with")


class BudgetUpdate(Input):
    """Changes of a budget; what is not named stays, null removes a limit. They hold from the next call on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit_cost": 50.0, "soft_limit": 0.9}]})

    name: Name = ""
    limit_cost: LimitCost = None
    limit_tokens: LimitTokens = None
    soft_limit: SoftLimit = None
    on_soft: SoftAction = "warn"
    model: SoftModel = None
    account_uuid: SoftAccount = None
    with_: With = Field(default=None, alias="with")


class Amounts(Output):
    """Money and tokens."""

    cost: Annotated[float, Field(description="US dollars, as far as the models' prices are known.")]
    tokens: int


class Remaining(Output):
    """What is left; null without such a limit."""

    cost: float | None
    tokens: int | None


class Budget(Resource):
    """How much may be spent in a period, and how it stands."""

    name: str
    scope_type: ScopeType
    scope_uuid: UUID | None
    period: PeriodKind
    timezone: Annotated[str, Field(examples=["Europe/Berlin"])]
    limit_cost: float | None
    limit_tokens: int | None
    soft_limit: float | None
    on_soft: OnSoft
    model: str | None
    account_uuid: UUID | None
    status: Annotated[Status, Field(description="`exhausted`: runs and calls are refused with 402.")]
    used: Annotated[Amounts, Field(description="In the present period.")]
    reserved: Annotated[Amounts, Field(description="Set aside for calls that are being made.")]
    remaining: Remaining
    period_started_at: Timestamp
    resets_at: Annotated[
        datetime | None,
        Field(description="When it begins anew; null of a `total`.", examples=["2026-02-01T00:00:00.000Z"]),
    ]
    creator: Person | None = None


class SpentPeriod(Output):
    """What was spent in one period."""

    starts_at: Timestamp
    ends_at: Timestamp | None
    used: Amounts


class BudgetUsage(Output):
    """What was spent of a budget, by its periods."""

    total: Amounts
    series: Annotated[
        list[SpentPeriod], Field(description="The oldest first; periods without spending are there, too.")
    ]


def amounts(cost: Any, tokens: int) -> dict[str, Any]:
    """Money and tokens as they are shown."""
    return {"cost": float(cost), "tokens": tokens}
