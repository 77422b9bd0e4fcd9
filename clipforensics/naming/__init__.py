"""How a data set names its videos: from a published name to who is in the video, or to a refusal."""
