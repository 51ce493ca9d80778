"""Discover, check, configure and call plugins.

`load` finds and checks them, `Plugins` is the typed facade over what was found. The rest of the
code never touches the plugin manager.
"""

from tradewind.plugins.dispatch import Late
from tradewind.plugins.facade import Plugins
from tradewind.plugins.loading import installed, load
from tradewind.plugins.outcomes import (
    Answer,
    Collected,
    Contexts,
    Failure,
    FailureSink,
    First,
    LoadedPlugin,
    PluginFault,
    hush,
    is_programming_error,
    told,
    understood,
)

__all__ = [
    "Answer",
    "Collected",
    "Contexts",
    "Failure",
    "FailureSink",
    "First",
    "Late",
    "LoadedPlugin",
    "PluginFault",
    "Plugins",
    "hush",
    "installed",
    "is_programming_error",
    "load",
    "told",
    "understood",
]
