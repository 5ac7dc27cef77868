"""The study of Golden et al. (arXiv:2312.14385), made again from our own pipelines and compared with what it states."""

from .study import StudyResult, run_study
from .suite import FULL, StudySettings

__all__ = ["FULL", "StudyResult", "StudySettings", "run_study"]
