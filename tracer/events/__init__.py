"""From the events that profilers record to operator calls: builders, joins, attribution, idle time."""
