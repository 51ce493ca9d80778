"""Order events for Segment."""

from tradewind import Plugin

__all__ = ["SegmentPlugin", "plugin"]


class SegmentPlugin(Plugin):
    """Order events for Segment."""

    name = "segment"
    requires = ">=0.1,<0.2"


plugin = SegmentPlugin()
