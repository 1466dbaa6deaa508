"""Goes on when somebody has filled in a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from athena.approvals.fields import FormField
from athena.node_types.base import OUTPUT, TIMED_OUT, Call, EffectCall, Json, NodeFailed, Port, Result
from athena.node_types.people import QuestionConfig, QuestionNode, shown

EXPIRED = "expired"


class FormConfig(QuestionConfig):
    """What is to be filled in, and by whom."""

    fields: Annotated[list[FormField], Field(min_length=1, max_length=100, description="What is to be filled in.")]
    payload: Annotated[Any, Field(description="What people are shown with it. Left out: nothing.")] = None
    on_expiry: Annotated[
        Literal["fail", "branch"],
        Field(description="When nobody answers in time: fails, or goes on by the port `expired` with its input."),
    ] = "fail"

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [field.name for field in self.fields]
        if len(names) != len(set(names)):
            raise ValueError("Two fields have the same name")
        return self


class Form(QuestionNode[FormConfig]):
    """Asks for values."""

    type = "form"
    name = "Form"
    description = "Asks somebody to fill in a form, and gives what was filled in."
    config = FormConfig
    outputs = (Port(OUTPUT, "Output", "The values."), Port(EXPIRED, "Expired", "The input, when nobody answered."))
    output_schema: ClassVar = {
        "type": "object",
        "description": "Every field's value by its name; null where there is none.",
    }

    def question(self, config: FormConfig, call: EffectCall) -> Mapping[str, Any]:  # noqa: ARG002 - shows no input
        """The fields."""
        return {"kind": "form", "fields": config.fields, "payload": shown(config.payload)}

    def resume(self, config: FormConfig, call: Call, answer: Json) -> Result:
        """The values; after the time, the input by `expired`, or :class:`NodeFailed`."""
        if answer is not TIMED_OUT:
            [answered] = answer["answers"]
            return Result(
                {OUTPUT: answer["values"]}, details={name: answered[name] for name in ("by", "by_link", "at")}
            )
        if config.on_expiry == "branch":
            return Result({EXPIRED: call.input})
        raise NodeFailed("approval_expired", "Nobody filled in the form in time.")
