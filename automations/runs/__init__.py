"""Contacts' ways through flows: begin them, take them on when they are due, and steer them. Inside the caller's open transaction."""
