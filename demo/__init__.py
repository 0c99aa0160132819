"""The whole of LERA on one machine, with a simulated crowd and one real agent."""
