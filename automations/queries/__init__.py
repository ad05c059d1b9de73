"""What is asked of flows, runs and what needs attention."""
