"""Sources of events: each turns what a place exports into the event contract, and nothing else."""
