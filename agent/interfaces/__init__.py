"""Where people and programs meet the assistant."""
