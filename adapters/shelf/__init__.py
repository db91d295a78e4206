"""The embedded benchmark hub: one folder with a SQLite catalogue and folders of files."""

from .hub import ShelfHub

__all__ = ["ShelfHub"]
