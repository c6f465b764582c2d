"""Plans: the typed plan, its compact syntax, validation, and the planner backends."""
