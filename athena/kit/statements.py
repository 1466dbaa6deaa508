"""How long statements take, and which ones take too long."""

from __future__ import annotations

import time
from typing import Final

from athena.kit import logging, metrics

SHOWN: Final = 500


def measured(sql: str, begun: float, slow_seconds: float) -> None:
    """Notes how long a statement took that ``begun`` then. Its text is the program's own; values are not in it."""
    seconds = time.perf_counter() - begun
    metrics.queries.observe(seconds)
    if seconds > slow_seconds:
        metrics.slow_queries.inc()
        text = " ".join(sql.split())[:SHOWN]
        logging.logger().warning("database.slow_query", statement=text, duration_ms=round(seconds * 1000))
