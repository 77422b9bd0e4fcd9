"""Frames as they are stored: decoded, cut around a face or their middle, resized, packed in shards."""
