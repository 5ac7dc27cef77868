"""Fixtures of the tests of what-if studies."""

from __future__ import annotations

import pytest

from simulator.whatif import __main__ as command_line


@pytest.fixture
def run(command):
    """Function that runs ``whatif`` with some arguments in this process."""
    return command("whatif", command_line.main)
