"""How a Reading travels from an agent to the bot. Each way is one file with both ends in it."""
