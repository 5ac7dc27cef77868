from __future__ import annotations

import pytest

from tracer.workloads.construction import diffusers_module, meta_construction, torch_dtype, transformers_module

pytestmark = pytest.mark.torch

SMALL_T5 = {"vocab_size": 32, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}


def test_dtype_by_name():
    import torch

    assert torch_dtype("bfloat16") is torch.bfloat16
    with pytest.raises(ValueError, match="torch has no such dtype"):
        torch_dtype("Tensor")


def test_meta_construction_ends_with_its_block():
    import torch

    def fail() -> None:
        with meta_construction("float16"):
            made = torch.empty(1)
            raise RuntimeError(f"{made.dtype} on {made.device}")

    with pytest.raises(RuntimeError, match="float16 on meta"):
        fail()
    assert torch.get_default_dtype() is torch.float32
    assert not torch.empty(1).is_meta


@pytest.mark.parametrize(("dtype", "kept"), [("float16", "float32"), ("bfloat16", "bfloat16")])
def test_t5_keeps_one_projection_in_float32_under_float16_alone(dtype, kept):
    from transformers import T5Config, T5EncoderModel

    module = transformers_module(T5EncoderModel, T5Config(**SMALL_T5), dtype)
    dtypes = {name.split(".")[-2]: str(p.dtype) for name, p in module.named_parameters()}
    assert dtypes.pop("wo") == f"torch.{kept}"
    assert set(dtypes.values()) == {f"torch.{dtype}"}
    assert not module.training
    assert not any(p.requires_grad for p in module.parameters())


def test_rotary_frequencies_stay_float32():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, vocab_size=32
    )
    module = transformers_module(LlamaForCausalLM, config, "bfloat16")
    assert str(module.model.rotary_emb.inv_freq.dtype) == "torch.float32"
    assert str(module.lm_head.weight.dtype) == "torch.bfloat16"


@pytest.mark.parametrize(("table", "dtype"), [(8, "float16"), (None, "float32")])
def test_position_table_takes_the_dtype_of_a_checkpoint_that_holds_it(table, dtype):
    from diffusers.models.embeddings import PatchEmbed

    from tracer.workloads.construction import _cast_saved_buffers

    with meta_construction("float16"):
        module = PatchEmbed(height=8, width=8, patch_size=2, embed_dim=16, pos_embed_max_size=table)
    _cast_saved_buffers(module, "float16")
    assert str(module.pos_embed.dtype) == f"torch.{dtype}"


def test_sequences_of_a_configuration_arrive_as_lists():
    from diffusers import AutoencoderKL

    config = {
        "block_out_channels": (32, 32),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
    }
    module = diffusers_module(AutoencoderKL, config, "float32")
    assert module.config.block_out_channels == [32, 32]
