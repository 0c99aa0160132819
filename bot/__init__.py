"""The streamer's side: readings in, the crowd's mood out to overlay, chat and history."""
