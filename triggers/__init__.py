"""What sets it off: triggers, which start their flow when an event they listen to happens, and addresses that others call.

What a trigger does is a flow of `automations`, and each of its firings a run there. Here stand when, only if, and the log.
"""
