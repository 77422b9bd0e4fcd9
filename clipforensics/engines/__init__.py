"""What runs the frozen encoder: torch as it is, or another engine, which must agree with that."""
