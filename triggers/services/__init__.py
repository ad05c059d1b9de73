"""What people do with triggers, and what comes in at their addresses."""
