"""The mood bars as a webcam, for programs without browser sources.

A program of its own, `python -m bot.virtual_camera`: pyvirtualcam, which it needs, is licensed under the GPL, version
2, and isn't loaded by the bot. It is fed by the bot's live feed and needs nothing but the bot's address.
"""
