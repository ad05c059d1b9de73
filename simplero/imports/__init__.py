"""Bringing contacts with their opening balances in from a spreadsheet, and taking contacts out.

Owns uploads, their rows while they are looked at, and what came of each. Contacts and credits are written by their own rooms.
"""
