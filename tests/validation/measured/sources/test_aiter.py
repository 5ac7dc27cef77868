from validation.measured.sources import source_of


def test_linear_layers_of_another_library_are_predicted_and_not_fitted() -> None:
    source = source_of("aiter")
    assert source.not_fitted == ("aten::linear",)
    assert "github.com/ROCm/aiter" in source.citation
