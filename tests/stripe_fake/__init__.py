"""Stripe, played by `fake.Stripe`; the fixture `stripe` of tests/products serves it."""
