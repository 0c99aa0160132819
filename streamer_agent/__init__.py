"""The streamer's agent: the streamer's own face, voice and words, read on this computer."""
