"""The world: implementations of the ports. No adapter imports another one, or the application."""
