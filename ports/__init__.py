"""What the application asks of the world: small protocols whose docstrings are contracts."""
