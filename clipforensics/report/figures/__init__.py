"""Figures as SVG: axes, curves, bars, scatter, overlays."""
