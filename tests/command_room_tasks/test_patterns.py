"""What recurs is found: planted patterns, whatever is between them, and nothing that does not recur."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from athena.command_room_tasks import patterns
from athena.command_room_tasks.patterns import Pattern, Step

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)


def steps_of(*sessions: Sequence[str], apart: float = 10) -> list[Step]:
    """A step for each letter, ``apart`` seconds from the one before."""
    steps: list[Step] = []
    for number, session in enumerate(sessions):
        for place, letter in enumerate(session):
            at = BEGIN + timedelta(days=number, seconds=apart * place)
            steps.append(Step(UUID(int=len(steps) + 1), f"session {number}", at, "App", letter))
    return steps


def told(found: Sequence[Pattern]) -> list[tuple[str, int]]:
    return [("".join(step.action for step in pattern.steps), pattern.count) for pattern in found]


def test_the_same_steps_in_three_sessions_are_a_pattern() -> None:
    (pattern,) = patterns.find(steps_of("xabcy", "zabc", "abcq"))
    assert told([pattern]) == [("abc", 3)]
    assert (pattern.sessions, pattern.first_seen) == (3, BEGIN + timedelta(seconds=10))
    assert pattern.last_seen == BEGIN + timedelta(days=2, seconds=20)
    assert pattern.occurrences[0] == (UUID(int=2), UUID(int=3), UUID(int=4))
    assert (pattern.seconds, pattern.seconds_saved) == (20, 60)


def test_what_comes_twice_or_in_one_session_alone_is_none() -> None:
    assert patterns.find(steps_of("abc", "abc")) == []
    assert patterns.find(steps_of("abxabyabzab")) == []
    assert patterns.find(steps_of("a", "a", "a", "a")) == []
    assert patterns.find([]) == []


def test_a_step_that_is_repeated_at_once_counts_as_one() -> None:
    (pattern,) = patterns.find(steps_of("aab", "abbb", "ab"))
    assert told([pattern]) == [("ab", 3)]
    assert [len(times) for times in pattern.occurrences] == [3, 4, 2]


def test_how_it_is_written_does_not_matter() -> None:
    written = ["Open  Mail", "open mail", " OPEN MAIL "]
    steps = [
        Step(UUID(int=2 * n + m), str(n), BEGIN + timedelta(days=n, seconds=m), "Mail", action)
        for n, name in enumerate(written)
        for m, action in enumerate((name, "Reply"))
    ]
    (pattern,) = patterns.find(steps)
    assert pattern.actions == (("mail", "open mail"), ("mail", "reply"))


def test_a_long_pattern_is_not_told_in_pieces() -> None:
    assert told(patterns.find(steps_of("abcdef", "abcdef", "abcdef"))) == [("abcdef", 3)]


def test_a_piece_that_recurs_elsewhere_is_told_beside_the_whole() -> None:
    found = patterns.find(steps_of("abcdx", "abcdy", "abcdz", "abq", "rab", "sabt"))
    assert sorted(told(found)) == [("ab", 3), ("abcd", 3)]


def test_a_cycle_is_told_once() -> None:
    found = patterns.find(steps_of("abcabcabc", "abcabcabc"))
    assert told(found) == [("abc", 6)]


def test_a_pause_ends_a_sequence() -> None:
    assert patterns.find(steps_of("ab", "ab", "ab", apart=3600)) == []


def test_three_times_in_one_session_is_not_enough_however_far_apart() -> None:
    times = [steps_of("ab")[place] for place in (0, 1)]
    steps = [
        Step(UUID(int=10 * n + place), "session", step.at + timedelta(hours=n), "App", step.action)
        for n in range(3)
        for place, step in enumerate(times)
    ]
    assert patterns.find(steps) == []


def test_the_key_is_that_of_the_steps() -> None:
    one, two = patterns.find(steps_of("ab", "ab", "ab")), patterns.find(steps_of("xab", "ab", "ab", "ab"))
    assert one[0].key == two[0].key
    assert one[0].key != patterns.find(steps_of("ba", "ba", "ba"))[0].key


lines = st.lists(st.text(alphabet="abcd", max_size=20), max_size=12)


@given(lines, st.randoms(use_true_random=False))
def test_every_pattern_is_one(sessions: list[str], chance: random.Random) -> None:
    steps = steps_of(*sessions)
    found = patterns.find(steps)
    by_uuid = {step.uuid: step for step in steps}
    of_session: dict[str, list[UUID]] = {}
    for step in steps:
        of_session.setdefault(step.session, []).append(step.uuid)
    seen: set[UUID] = set()
    for pattern in found:
        assert patterns.SHORTEST <= len(pattern.actions) <= patterns.LONGEST
        assert pattern.count >= patterns.LEAST_COUNT
        assert pattern.sessions >= patterns.LEAST_SESSIONS
        assert pattern.first_seen <= pattern.last_seen
        assert pattern.seconds > 0
        for times in pattern.occurrences:
            # Tasks of one session that follow each other, of no other pattern, and of these steps.
            line = of_session[by_uuid[times[0]].session]
            start = line.index(times[0])
            assert tuple(line[start : start + len(times)]) == times
            assert seen.isdisjoint(times)
            seen.update(times)
            done = [by_uuid[uuid].key for uuid in times]
            once = [each for place, each in enumerate(done) if place == 0 or done[place - 1] != each]
            assert tuple(once) == pattern.actions
    assert patterns.groups(found).keys() == seen
    mixed = list(steps)
    chance.shuffle(mixed)
    assert patterns.find(mixed) == found


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=8), st.integers(2, 6))
def test_what_is_planted_is_found(around: list[tuple[int, int]], length: int) -> None:
    planted = "abcdef"[:length]
    # What stands before and after it is another each time.
    letters = iter(range(0x4E00, 0x9FFF))
    sessions = [
        "".join(chr(next(letters)) for _ in range(before)) + planted + "".join(chr(next(letters)) for _ in range(after))
        for before, after in around
    ]
    assert told(patterns.find(steps_of(*sessions))) == [(planted, len(around))]


def test_ten_thousand_tasks_are_no_trouble() -> None:
    chance = random.Random(7)
    sessions = ["".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(14)) + "ABCDEF" for _ in range(500)]
    steps = steps_of(*sessions)
    begun = time.process_time()
    found = patterns.find(steps)
    assert time.process_time() - begun < 3
    assert told(found)[0] == ("ABCDEF", 500)
