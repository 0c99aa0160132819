"""A clip, a recording or a text, read as the agents read a stream: each modality's timeline, and all of them fused."""
