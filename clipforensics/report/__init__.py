"""The page: reading, wording, figures, sections."""
