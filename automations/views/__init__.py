"""Marketing → Automations, and what needs attention."""
