"""How fast Athena starts, how long its version takes, and what it holds when idle.

python -m benchmarks.startup
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import statistics
import subprocess
import sys
import time

from benchmarks.program import ROOT, Program, data_folder, free_port, start_athena


def version_seconds() -> float:
    """`athena --version`, the median of nine."""
    taken: list[float] = []
    for _ in range(9):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "athena", "--version"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


async def main() -> None:
    """Prints the figures."""
    print(f"athena --version: {version_seconds():.3f} s")
    data_dir = data_folder()
    port = free_port()
    later: list[float] = []
    first = stopped = 0.0
    try:
        for turn in range(4):
            process, seconds = await asyncio.to_thread(start_athena, data_dir, port)
            if turn == 0:
                first = seconds
            else:
                later.append(seconds)
            if turn == 3:
                await asyncio.sleep(3)
                memory = Program("", "", {}, process, data_dir, seconds).memory()
                print(f"idle memory: {memory['athena']:.0f} MB ours, {memory['postgres']:.0f} MB PostgreSQL")
            begun = time.perf_counter()
            process.send_signal(signal.SIGINT)
            process.wait(10)
            stopped = time.perf_counter() - begun
        again = statistics.median(later)
        print(f"start to ready: {first:.1f} s the first time, {again:.1f} s after; stop {stopped:.1f} s")
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main())
