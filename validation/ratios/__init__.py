"""Ratios: what a change of one thing brings, predicted against measured."""
