"""How sure a number is: cluster bootstrap, intervals, paired differences."""
