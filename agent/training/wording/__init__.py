"""How people word requests: families of phrases from which the planner's training pairs are built."""
