"""A hub that runs for itself: a node, which takes in viewers of many channels and tells their bots over NATS."""
