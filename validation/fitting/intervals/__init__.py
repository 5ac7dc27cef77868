"""Prediction intervals fitted to what no other fit saw: of times, of ratios, of projections, between makers."""
