"""What a viewer runs: camera, face, model, and seven numbers a second to the streamer's hub. Start: `__main__.py`."""
