"""The V7 Darwin API over a hub of this machine (reference: V7 Darwin, sections 1 to 9)."""
