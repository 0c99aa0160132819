"""OBS, as bot and streamer's agent reach it: one connection, through obsws-python from below."""
