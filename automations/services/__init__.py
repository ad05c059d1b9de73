"""Use-cases of automations, by what they are about."""
