import pytest
from pydantic import ValidationError

from hw_specs import load_architecture
from hw_specs.architecture import ATTENTION_KERNELS, Architecture, trait_paths
from hw_specs.tiles import list_tile_libraries


def test_traits_are_listed_by_dotted_paths() -> None:
    paths = list(trait_paths())
    assert {"engine", "tiles.matrix", "attention.fallbacks", "attention.efficient"} <= set(paths)
    assert not {"name", "parent", "sources", "tiles"} & set(paths)


def test_a_trait_is_found_by_its_path() -> None:
    hopper = load_architecture("hopper")
    assert hopper.trait("attention.warp_matrix_share") == 0.62
    assert hopper.trait("engine") == "simt"


def test_names_of_tables_lead_to_tables() -> None:
    hopper = load_architecture("hopper")
    assert hopper.tiles.matrix in list_tile_libraries()
    assert hopper.attention.tiles("flash2").name == "flash2_228kib"
    for kernel in ATTENTION_KERNELS:
        assert hopper.attention.tiles(kernel).by_head


def test_records_are_frozen() -> None:
    hopper = load_architecture("hopper")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(hopper, "engine", "cpu")  # noqa: B010 (a plain assignment is refused before it runs)


def test_provenance_is_no_part_of_the_file() -> None:
    known = load_architecture("ada").with_provenance(lineage={"ada": 0}, assumed={}, origins={"engine": "x"})
    assert known.source_of("engine") == "x"
    assert known.lineage == {"ada": 0}
    assert "lineage" not in Architecture.model_fields
