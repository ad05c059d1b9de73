"""Finding contacts among many: filters that live in an address, saved ones, and the command box.

Knows who (contacts) and how much (credits), and for the command box the names of products and automations; owns saved filters
and nothing else. Lists, bulk jobs and exports ask it whom they are about.
"""
