"""What a step may do: one look-alike file each, and the one dict of them."""

from .action import Action

ACTIONS: dict[str, Action] = {}
