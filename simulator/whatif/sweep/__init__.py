"""Running a study: chunks of designs to parts of a result, in one process or on many machines, and what is drawn."""
