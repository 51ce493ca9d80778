"""Host and worker as processes of their own, as in production."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx

from tradewind_host.config import KEYS, Config


async def done(config: Config, *command: str) -> bytes:
    """Run a command of `tradewind` to its end; what it prints."""
    process = await _begun(config, *command, output=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"tradewind {' '.join(command)} failed")
    return printed


async def started(stack: AsyncExitStack, config: Config, command: str) -> int:
    """Start a command of `tradewind`, to be ended with the stack; returns its process id."""
    process = await _begun(config, command, output=None)
    stack.push_async_callback(_ended, process)
    return process.pid


async def ready(url: str) -> bool:
    """Whether a host answers."""
    async with httpx.AsyncClient(base_url=url) as client:
        try:
            return (await client.get("/readyz")).is_success
        except httpx.TransportError:
            return False


async def _begun(config: Config, *command: str, output: int | None) -> asyncio.subprocess.Process:
    environment = {
        KEYS["database_url"]: str(config.database_url),
        KEYS["secret_keys"]: ",".join(config.secret_keys),
        KEYS["data_dir"]: str(config.data_dir),
        KEYS["port"]: str(config.port),
        KEYS["worker"]: "false",
        KEYS["log_level"]: "warning",
        KEYS["store_rate_per_address"]: "0",
        KEYS["store_rate_per_key"]: "0",
    }
    program = str(Path(sys.executable).with_name("tradewind"))
    return await asyncio.create_subprocess_exec(
        program, *command, env={**os.environ, **environment}, stdout=output
    )


async def _ended(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    await process.wait()
