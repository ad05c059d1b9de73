"""What a step may do: one look-alike file each, and the one dict of them, in the order of the menu."""

from . import consume, email, issue, notify, start, stop_automation, tag, untag, webhook
from .action import Action

ACTIONS: dict[str, Action] = {
    module.ACTION.code: module.ACTION
    for module in (consume, issue, tag, untag, start, stop_automation, email, webhook, notify)
}
