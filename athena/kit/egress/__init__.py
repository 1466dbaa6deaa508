"""Outgoing HTTP: one guarded client for the whole of Athena."""

from __future__ import annotations

from athena.kit.egress.client import Egress, EgressResponse, EgressStream
from athena.kit.egress.errors import (
    EgressConnectionFailed,
    EgressError,
    EgressProtocolError,
    EgressRefused,
    EgressTimeout,
    EgressTooLarge,
)

__all__ = [
    "Egress",
    "EgressConnectionFailed",
    "EgressError",
    "EgressProtocolError",
    "EgressRefused",
    "EgressResponse",
    "EgressStream",
    "EgressTimeout",
    "EgressTooLarge",
]
