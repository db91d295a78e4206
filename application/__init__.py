"""Use cases: one service each. They take ports, return values, report events, and never print."""
