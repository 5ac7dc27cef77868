"""What a result rests on."""

from importlib.metadata import version

from hw_specs import CalibrationPool
from simulator.cost import GROUPS
from simulator.views.html.provenance import made_by, origins_section, provenance


def test_sources_calibrations_versions_and_command(stable_diffusion_run):
    run = stable_diffusion_run
    section = provenance(run.report, run.accelerator, run.calibrations, "simulate --model x")
    cells = {cell for table in section.blocks for row in table.rows for cell in row}
    assert set(run.report.sources) <= cells
    assert "simulate --model x" in cells
    assert {"calibrated", "inherited"} & cells
    assert made_by().startswith(f"roofcast {version('roofcast')}")


def test_without_calibrations_it_says_so(stable_diffusion_run):
    run = stable_diffusion_run
    section = provenance(run.report, run.accelerator, CalibrationPool.empty(), "")
    tables = {table.caption: table for table in section.blocks}
    assert {row[1] for row in tables["Calibrations by group of kernels"].rows} == {"none: defaults of the code"}


def test_groups_of_one_calibration_are_one_row(stable_diffusion_run):
    run = stable_diffusion_run
    (*_, table) = origins_section([(run.accelerator, run.calibrations)] * 2, "whatif").blocks
    assert len({row[1:] for row in table.rows}) == len(table.rows)
    assert {group for row in table.rows for group in row[0].split(", ")} == set(GROUPS)
