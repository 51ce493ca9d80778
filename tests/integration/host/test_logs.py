"""The logs of a process, whoever sends them where and however often."""

import pytest
import structlog
from structlog.testing import capture_logs

from tradewind_host import logs


@pytest.mark.parametrize("times", [1, 2])
def test_a_logger_in_use_follows_whoever_configures_again(times: int) -> None:
    logs.configure("info", "json")
    logger = structlog.get_logger("tradewind")
    logger.info("before")
    for _ in range(times):
        logs.configure("info", "json")
    with capture_logs() as seen:
        logger.info("after")
    assert [line["event"] for line in seen] == ["after"]
