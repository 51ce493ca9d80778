"""The doors for faults: set one, see what is set and what has happened, clear."""

from typing import Any

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from tradewind_sandbox.faults import Fault, Faults, Peer, WantedFault

GivenFaults = NamedDependency[Faults]


@post("/faults")
async def set_fault(data: JSONBody[WantedFault], faults: GivenFaults) -> Fault:
    """Have something go wrong from now on."""
    return faults.set(data)


@get("/faults")
async def list_faults(faults: GivenFaults) -> dict[str, Any]:
    """What is set, and how often each kind has happened to each peer since the start."""
    return {"faults": faults.active, "injected": faults.injected}


@delete("/faults")
async def clear_faults(faults: GivenFaults, peer: FromQuery[Peer | None] = None) -> None:
    """Let everything go well again, or everything of one peer. What has happened stays counted."""
    faults.clear(peer)


HANDLERS = [set_fault, list_faults, clear_faults]
