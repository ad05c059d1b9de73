"""What sets it off: triggers, their firings and the log. An empty room so far."""
