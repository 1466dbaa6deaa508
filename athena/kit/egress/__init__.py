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
from athena.kit.egress.exchange import (
    GATEWAYS,
    SAFE_METHODS,
    Origin,
    Outgoing,
    excerpt_of,
    origin,
    status_may_pass,
)

__all__ = [
    "GATEWAYS",
    "SAFE_METHODS",
    "Egress",
    "EgressConnectionFailed",
    "EgressError",
    "EgressProtocolError",
    "EgressRefused",
    "EgressResponse",
    "EgressStream",
    "EgressTimeout",
    "EgressTooLarge",
    "Origin",
    "Outgoing",
    "excerpt_of",
    "origin",
    "status_may_pass",
]
