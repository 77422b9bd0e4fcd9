"""A trained detector as a folder to hand on, with its model card."""
