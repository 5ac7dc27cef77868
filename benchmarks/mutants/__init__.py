"""Mutants of files through every reader and every command: ``python -m benchmarks.mutants [FROM:TO] ...``.

Each mutant is a file that a tool, a user or an attacker might hand over: a valid one with values replaced (numbers
beyond 64 bits, NaN, deep nesting, half of a surrogate pair, other types), with bytes changed, or cut off. What comes of
it must be a result that agrees with itself, or one line and exit status 2, within ten seconds of processor time and a
gigabyte.
"""
