"""What ``simulate`` does with its options: the subject, what holds for it, and the answer as text."""
