"""Everything that a run would refuse, said in seconds before it starts; what would run, and what it costs."""
