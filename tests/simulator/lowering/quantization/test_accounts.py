from simulator.lowering.quantization import QuantizedWeights


def test_plain_form():
    account = QuantizedWeights(
        scheme="s",
        title="t",
        components=("unet",),
        layers=2,
        layers_kept=1,
        weights=10,
        bytes_before=20,
        bytes_after=11,
    )
    assert account.to_dict()["bytes_after"] == 11
    assert account.to_dict()["unchecked"] == ""
