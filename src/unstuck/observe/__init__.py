"""Run a script, watch it without touching it, turn what happens into facts."""
