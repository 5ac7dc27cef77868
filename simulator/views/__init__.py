"""What people read: reports, explanations and lists as tables, JSON and CSV. Nothing here computes."""
