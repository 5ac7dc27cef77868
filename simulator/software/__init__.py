"""Releases of the framework and of the vendor's libraries below it: which of them launches which kernel."""

from .catalogue import list_software, load_software, newest_software
from .software import FusedChoice, Software, SoftwareError

__all__ = ["FusedChoice", "Software", "SoftwareError", "list_software", "load_software", "newest_software"]
