"""Goes on when people have approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from athena.node_types.base import TIMED_OUT, Call, EffectCall, Json, NodeFailed, Port, Result
from athena.node_types.people import QuestionConfig, QuestionNode, shown

APPROVED, REFUSED = "approved", "refused"


class ApprovalConfig(QuestionConfig):
    """What is to be approved, and by whom."""

    payload: Annotated[
        Any, Field(description="What people are shown, such as the data of the next call. Left out: the input.")
    ] = None
    editable: Annotated[bool, Field(description="Whether who approves may edit the payload.")] = False
    answers_needed: Annotated[
        int, Field(ge=1, le=20, description="How many different people must approve. One refusal is enough.")
    ] = 1
    on_refusal: Annotated[Literal["branch", "fail"], Field(description="Goes on by the port `refused`, or fails.")] = (
        "branch"
    )
    on_expiry: Annotated[
        Literal["fail", "refuse"], Field(description="When nobody answers in time: fails, or counts as refused.")
    ] = "fail"

    @model_validator(mode="after")
    def _one_edits(self) -> Self:
        if self.editable and self.answers_needed > 1:
            raise ValueError("Where several people must approve, none of them edits what the others saw")
        return self


class Approval(QuestionNode[ApprovalConfig]):
    """Asks for approval."""

    type = "approval"
    name = "Approval"
    description = "Asks people to approve something, and goes on by `approved` or `refused`."
    config = ApprovalConfig
    outputs = (Port(APPROVED, "Approved"), Port(REFUSED, "Refused"))
    output_schema: ClassVar = {
        "type": "object",
        "properties": {
            "decision": {"enum": ["approved", "refused", "expired"]},
            "comment": {"type": "string", "description": "Of the last answer."},
            "answers": {"type": "array", "description": "Each with decision, comment, by, by_link and at."},
            "payload": {"description": "What was approved or refused: as it was shown, or as it was edited."},
            "input": {"description": "The node's input."},
        },
    }

    def question(self, config: ApprovalConfig, call: EffectCall) -> Mapping[str, Any]:
        """The payload, and how many must approve."""
        return {
            "kind": "approval",
            "payload": shown(_payload(config, call)),
            "editable": config.editable,
            "answers_needed": config.answers_needed,
        }

    def resume(self, config: ApprovalConfig, call: Call, answer: Json) -> Result:
        """By one of the ports, with the answers; :class:`NodeFailed` if so configured."""
        if answer is TIMED_OUT:
            if config.on_expiry == "fail":
                raise NodeFailed("approval_expired", "Nobody approved or refused in time.")
            answer = {"status": "expired", "answers": []}
        answers = answer["answers"]
        comment = answers[-1]["comment"] if answers else ""
        value = {
            "decision": answer["status"],
            "comment": comment,
            "answers": answers,
            "payload": answer.get("payload", _payload(config, call)),
            "input": call.input,
        }
        if answer["status"] == APPROVED:
            return Result({APPROVED: value})
        if config.on_refusal == "fail":
            raise NodeFailed("approval_refused", "It was not approved.", decision=answer["status"], comment=comment)
        return Result({REFUSED: value})


def _payload(config: ApprovalConfig, call: Call) -> Any:
    return config.payload if "payload" in config.model_fields_set else call.input
