"""Hours of faults in minutes: everything that LERA is made of, on one loop, and whatever can break between."""
