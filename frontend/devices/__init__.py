"""Scales and cameras."""
