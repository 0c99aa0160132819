"""Twitch: login, chat in and out, moments, and when the stream is on. Everything else knows `bot/platform.py` alone."""
