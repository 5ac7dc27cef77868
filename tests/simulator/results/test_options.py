"""Options that name files to write."""

from simulator.options import SimulateOptions
from simulator.results.options import PANEL


def test_files_are_listed_with_what_is_printed():
    from typing import get_type_hints

    hints = get_type_hints(SimulateOptions, include_extras=True)
    assert hints["report"].__metadata__[0].rich_help_panel == PANEL == hints["output"].__metadata__[0].rich_help_panel
