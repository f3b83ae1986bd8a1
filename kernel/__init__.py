"""What every room shares: the values that travel, settings, time, errors and the log. Imports no other room."""
