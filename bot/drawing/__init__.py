"""Pictures of the crowd's mood, drawn with Pillow: the plate as the overlay shows it, and the card to share.

Everything here is a pure function of what it is handed, but for fonts and style sheets, which are read once.
"""
