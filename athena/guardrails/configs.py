"""How each type of guardrail is configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from athena.guardrails.injection import SIGNS, Sign
from athena.guardrails.patterns import InvalidPattern, check_pattern
from athena.guardrails.personal_data import KINDS, Kind
from athena.kit.errors import ValidationFailed
from athena.kit.schemas import Uuid
from athena.large_language_models.parameters import ModelName

GuardrailType = Literal["pattern", "length", "pii", "injection", "model"]
Action = Literal["refuse", "mask", "warn"]


class Config(BaseModel):
    """A guardrail's ``config``, as it is stored and shown."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _pattern(pattern: str) -> str:
    try:
        check_pattern(pattern)
    except InvalidPattern as error:
        raise ValueError(str(error)) from error
    return pattern


class PatternConfig(Config):
    """Words, and regular expressions as RE2 has them, without repetitions that have no end."""

    words: list[Annotated[str, Field(min_length=1, max_length=128, pattern=r"^\S(.*\S)?$")]] = Field(
        default_factory=list[str], max_length=100
    )
    patterns: list[Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_pattern)]] = Field(
        default_factory=list[str], max_length=20
    )
    replacement: Annotated[str, Field(max_length=64)] = "***"

    @model_validator(mode="after")
    def _some(self) -> PatternConfig:
        if not self.words and not self.patterns:
            raise ValueError("Give words or patterns.")
        return self


class LengthConfig(Config):
    """How long a text may be."""

    unit: Literal["characters", "tokens"] = "characters"
    minimum: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    maximum: Annotated[int | None, Field(ge=1, le=10_000_000)] = None

    @model_validator(mode="after")
    def _some(self) -> LengthConfig:
        if self.minimum is None and self.maximum is None:
            raise ValueError("Give a minimum or a maximum.")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("The minimum is larger than the maximum.")
        return self


class PiiConfig(Config):
    """Which personal data are looked for."""

    kinds: Annotated[list[Kind], Field(min_length=1)] = Field(default_factory=lambda: list[Kind](KINDS))


class InjectionConfig(Config):
    """Which signs of an injection are looked for. Images of ``allowed_hosts`` are none."""

    signs: Annotated[list[Sign], Field(min_length=1)] = Field(default_factory=lambda: list[Sign](SIGNS))
    allowed_hosts: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(
        default_factory=list[str], max_length=100
    )


class ModelConfig(Config):
    """What a model is to judge texts by."""

    policy: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]
    model: ModelName | None = None
    account_uuid: Uuid | None = None
    on_failure: Literal["refuse", "pass"] = "refuse"


CONFIGS: Final[Mapping[GuardrailType, type[Config]]] = {
    "pattern": PatternConfig,
    "length": LengthConfig,
    "pii": PiiConfig,
    "injection": InjectionConfig,
    "model": ModelConfig,
}
MASKING: Final = frozenset({"pattern", "pii", "injection"})
"""Types that find places, which can be masked."""


def checked(kind: GuardrailType, config: Mapping[str, Any], action: Action) -> dict[str, Any]:
    """A configuration with everything that it says, as it is stored; :class:`ValidationFailed` says what is wrong."""
    if action == "mask" and kind not in MASKING:
        raise ValidationFailed.of("action", f"A guardrail of type {kind} cannot mask; it can refuse or warn.")
    try:
        return CONFIGS[kind].model_validate(config).model_dump(mode="json")
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for issue in error.errors(include_url=False, include_context=False, include_input=False):
            path = ".".join(("config", *map(str, issue["loc"])))
            errors.setdefault(path, []).append(issue["msg"].removeprefix("Value error, "))
        path, messages = next(iter(errors.items()))
        raise ValidationFailed(f"{path}: {messages[0]}", errors=errors) from error


def account_of(config: Mapping[str, Any]) -> UUID | None:
    """The account that pays for a guardrail's model."""
    given = config.get("account_uuid")
    return UUID(given) if given else None
