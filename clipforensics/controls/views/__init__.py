"""One file a control that alters stored frames before they are embedded."""
