"""Settings: one typed value, and where each part of it comes from."""

from .load import DARWIN_URL, load_settings
from .store import save_settings
from .values import HubSettings, Settings

__all__ = ["DARWIN_URL", "HubSettings", "Settings", "load_settings", "save_settings"]
