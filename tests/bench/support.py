"""What every bench needs: CPU time from the operating system's accounting, and its line of JSON."""

import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")
_CPU_CLOCK = 2

CpuClock = Callable[[], float]
"""Seconds of CPU that a group of processes has used so far."""


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The one line that a bench prints. `figure` is what it is about, in `unit`.

    `cpu_ms_per_op` is by group of processes; `rows` counts what was in the database at the end.
    """

    bench: str
    figure: float
    unit: str
    clients: int
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_ms_per_op: Mapping[str, float] | None = None
    round_trips: Mapping[str, int] | None = None
    ratio_to_limit: float | None = None
    rows: Mapping[str, int] | None = None
    detail: Mapping[str, Any] = {}


def show(line: Line) -> None:
    """Print a bench's line; nothing else goes to standard output."""
    print(msgspec.json.encode(line).decode(), flush=True)


def say(words: str) -> None:
    """Tell a person who waits how far the bench is."""
    print(words, file=sys.stderr, flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def ms(seconds: float) -> float:
    """Milliseconds, to the microsecond."""
    return round(seconds * 1000, 3)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a live process and the children it has waited for have used.

    Linux derives the id of a process's CPU clock from its process id: man 3 clock_getcpuclockid.
    """
    clock = (~pid << 3) | _CPU_CLOCK
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    waited_for = int(fields[13]) + int(fields[14])
    return time.clock_gettime(clock) + waited_for / _TICKS


def cpu_of_family(pid: int) -> float:
    """`cpu_of` a process and its children, as PostgreSQL has one for each connection."""
    used = cpu_of(pid)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            used += cpu_of(int(child))
        except (FileNotFoundError, ProcessLookupError, OSError):
            continue
    return used


class CpuMeter:
    """CPU seconds that groups of processes have used since the last reading."""

    def __init__(self, groups: Mapping[str, CpuClock]) -> None:
        self._groups = groups
        self._last: dict[str, float] = {}
        self.take()

    def take(self) -> dict[str, float]:
        """Read, and begin anew."""
        before, self._last = self._last, {name: clock() for name, clock in self._groups.items()}
        # A child's time is counted in ticks once it has ended, which may be a little less.
        return {name: max(used - before.get(name, 0.0), 0.0) for name, used in self._last.items()}


def each(used: Mapping[str, float], operations: int) -> dict[str, float]:
    """CPU milliseconds per operation."""
    return {name: ms(seconds / max(operations, 1)) for name, seconds in used.items()}
