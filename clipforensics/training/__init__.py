"""How anything is trained: task, budget, draw, loop, rank on validation, cost."""
