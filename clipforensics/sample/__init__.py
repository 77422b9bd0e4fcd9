"""The built-in sample: talking cartoon faces, four manipulations, a tiny CLIP taught on such faces."""
