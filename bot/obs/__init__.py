"""OBS Studio: the overlay puts itself there, and the crowd's mood may act in it. `studio.py` joins the parts."""
