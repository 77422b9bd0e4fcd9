"""Videos and folders of pictures: looked into, decoded, turned into frames."""
