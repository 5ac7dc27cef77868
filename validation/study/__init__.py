"""Published studies, made again from our own pipelines and compared with what they state: one YAML file each."""

from .run import StudyResult, run_study
from .study import Study, StudyError, list_studies, load_study

__all__ = ["Study", "StudyError", "StudyResult", "list_studies", "load_study", "run_study"]
