"""What is done, and when: actions, conditions, steps, runs and attention. An empty room so far."""
