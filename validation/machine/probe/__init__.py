"""The machine at hand as an accelerator: description, rates, host, and a calibration."""
