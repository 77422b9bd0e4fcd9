"""Who trains, validates and tests, by every protocol; how much of it leaks."""
