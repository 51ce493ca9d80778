"""What happened and what is still to do: events with their relay, jobs, and the webhook inbox."""
