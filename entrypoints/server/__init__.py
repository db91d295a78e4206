"""A hub over HTTP: the embedded hub for a team, speaking the APIs that existing clients know."""
