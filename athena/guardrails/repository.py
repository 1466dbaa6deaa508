"""All SQL of guardrails."""

from __future__ import annotations

from athena.guardrails.models import guardrails
from athena.kit.repository import Repository


class GuardrailRepository(Repository):
    """The guardrails of one workspace."""

    table = guardrails
    recorded = "guardrail"
