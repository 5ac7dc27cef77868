from validation.measured.sources import source_of


def test_tuned_linear_layers_are_fitted() -> None:
    source = source_of("aiter")
    assert source.not_fitted == ()
    assert "github.com/ROCm/aiter" in source.citation
