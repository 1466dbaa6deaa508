"""A schedule in a few words."""

from __future__ import annotations

import pytest

from athena.triggers.schedule import Schedule
from athena.triggers.schedule_description import describe
from tests.triggers.schedules import cron, every, rule


@pytest.mark.parametrize(
    ("it", "text"),
    [
        (every(1, "minutes"), "Every minute"),
        (every(2, "hours", ends_at="2027-01-01T00:00:00Z"), "Every 2 hours, until 2027-01-01 00:00"),
        (cron("* * * * *"), "Every minute (UTC)"),
        (cron("*/15 * * * MON-FRI"), "Every 15 minutes on Monday to Friday (UTC)"),
        (cron("*/7 * * * *"), "By cron */7 * * * * (UTC)"),
        (cron("5 */2 * * *"), "Every 2 hours at minute 5 (UTC)"),
        (cron("0 * * * *"), "Every hour (UTC)"),
        (cron("0 9 * * *", "Europe/Berlin"), "Every day at 09:00 (Europe/Berlin)"),
        (cron("0 30 9,17 * JAN,7 sun,6"), "On Sunday and Saturday in January and July at 09:30 and 17:30 (UTC)"),
        (cron("0 0 1,15 * *"), "On day 1 and 15 of the month at 00:00 (UTC)"),
        (cron("0 0 L * ?"), "On the last day of the month at 00:00 (UTC)"),
        (cron("0 0 1 * MON"), "By cron 0 0 1 * MON (UTC)"),
        (cron("0 0 * * 1#2"), "By cron 0 0 * * 1#2 (UTC)"),
        (cron("0 0 1-7 * *"), "By cron 0 0 1-7 * * (UTC)"),
        (cron("0 0-8 * * *"), "By cron 0 0-8 * * * (UTC)"),
        (cron("1-5 * * * *"), "By cron 1-5 * * * * (UTC)"),
        (cron("5 0 9 * * *"), "By cron 5 0 9 * * * (UTC)"),
        (rule("FREQ=DAILY;INTERVAL=3"), "Every 3 days (UTC)"),
        (
            rule("FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
            "Every week on Monday and Friday at 09:00 (UTC)",
        ),
        (rule("FREQ=MONTHLY;BYDAY=-1FR,1MO"), "Every month on the last Friday and the first Monday (UTC)"),
        (rule("FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=1"), "Every year on day 1 in February and March (UTC)"),
        (rule("FREQ=YEARLY;BYDAY=20MO"), "By the rule FREQ=YEARLY;BYDAY=20MO (UTC)"),
        (rule("FREQ=MONTHLY;BYMONTHDAY=-2"), "By the rule FREQ=MONTHLY;BYMONTHDAY=-2 (UTC)"),
        (rule("FREQ=DAILY;BYMINUTE=0"), "By the rule FREQ=DAILY;BYMINUTE=0 (UTC)"),
        (rule("FREQ=HOURLY;BYHOUR=1"), "By the rule FREQ=HOURLY;BYHOUR=1 (UTC)"),
        (
            rule("FREQ=DAILY;UNTIL=20270101T120000Z", "Europe/Berlin"),
            "Every day (Europe/Berlin), until 2027-01-01 13:00",
        ),
        (rule("FREQ=DAILY;COUNT=1", starts_at="2026-01-01T08:00:00Z"), "Every day (UTC), once, from 2026-01-01 08:00"),
    ],
)
def test_a_schedule_in_a_few_words(it: Schedule, text: str) -> None:
    assert describe(it) == text
