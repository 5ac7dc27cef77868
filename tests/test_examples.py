"""Examples: the study that ships can be run, and the script is short."""

from pathlib import Path

from simulator.whatif.study.study import load_study

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_study_is_a_hypercube_of_20000_designs_over_eight_fields():
    study = load_study(EXAMPLES / "sweep.yaml")
    assert len(study.designs) == 20_000
    assert len(study.fields) == 8
    assert study.file.sampling.method == "latin-hypercube"
    assert study.file.models == ("stable-diffusion",)
    assert load_study(EXAMPLES / "sweep.yaml", searched=True).file.search.objectives == ("latency", "energy")


def test_the_script_is_ten_lines_of_calls():
    code = (EXAMPLES / "whatif.py").read_text(encoding="utf-8")
    compile(code, "whatif.py", "exec")
    assert sum(line.startswith(("part", "report", "print", "study", "designs")) for line in code.splitlines()) <= 10
