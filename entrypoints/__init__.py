"""Where everything is put together, and the only layer that renders or exits."""
