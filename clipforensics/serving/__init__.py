"""The detector as a page and a JSON service on this machine."""
