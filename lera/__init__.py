"""The one command, and the few things that bot and agent share: errors, folders, secrets, settings."""

__version__ = "0.1.0"
