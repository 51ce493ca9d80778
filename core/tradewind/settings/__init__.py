"""Which plugin runs for which store and how: settings, secrets, enablement, flags, audit."""
