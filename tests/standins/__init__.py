"""Strict stand-ins for the services that LERA speaks with."""
