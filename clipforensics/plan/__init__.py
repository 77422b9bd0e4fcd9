"""What a test of so many videos can show, before anyone collects them."""
