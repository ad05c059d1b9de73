"""Marketing → Triggers: the list, a trigger with what sets it off and what it does, its test and its log."""
