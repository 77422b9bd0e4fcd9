"""Degraded test frames through every detector."""
