"""A packaged detector on new footage: what it says of a video, how sure that is, and when it says nothing."""
