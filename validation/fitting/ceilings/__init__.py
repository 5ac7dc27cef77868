"""Published best rates, and the single parameters that they determine."""
