"""What is counted of deliveries of webhooks."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Histogram

from athena.kit.metrics import SECONDS

deliveries = cache(
    Counter(
        "athena_webhook_deliveries_total",
        "Attempts to deliver: delivered, retried (to be made again), or failed (given up).",
        ["outcome"],
    ).labels
)
seconds = Histogram("athena_webhook_delivery_duration_seconds", "How long such attempts took.", buckets=SECONDS)
disabled = Counter("athena_webhooks_disabled_total", "Webhooks that were disabled because nothing reached them.")
