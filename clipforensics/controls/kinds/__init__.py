"""One file a control that fits on what a run has."""
