"""Diffusers pipelines of transformer families (Wan, LTX, CogVideoX) with tiny random weights, saved to disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

_LETTERS = "abcdefghijklmnopqrstuvwxyz,."


def _t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -2.0) for letter in _LETTERS)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=226)


def _t5_text() -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(vocab_size=40, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4)).eval()


def _umt5() -> tuple[Any, Any]:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

    words = {word: index for index, word in enumerate(["<pad>", "</s>", "<unk>", "a", "red", "ball", "moving", "left"])}
    plain = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    text = UMT5EncoderModel(UMT5Config(vocab_size=8, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4))
    return tokenizer, text.eval()


def _wan_vae() -> Any:
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
                            temperal_downsample=[False, True, True])  # fmt: skip


def _wan_transformer(channels: int, image_dim: int | None) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=channels, out_channels=16,
        text_dim=32, freq_dim=256, ffn_dim=32, num_layers=1, cross_attn_norm=True, rope_max_seq_len=32,
        image_dim=image_dim,
    )  # fmt: skip


def wan(folder: Path, *, both: bool = False) -> Path:
    """Wan's architecture, from words or a clip; with ``both`` Wan 2.2's that holds a first frame by its own noise."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanPipeline

    torch.manual_seed(0)
    tokenizer, text = _umt5()
    pipeline = WanPipeline(
        tokenizer, text, _wan_vae(), FlowMatchEulerDiscreteScheduler(shift=7.0), _wan_transformer(16, None),
        expand_timesteps=both,
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    return folder


def wan_image(folder: Path) -> Path:
    """Wan 2.1's image-to-video architecture: the picture enters beside the noise and by a vision encoder."""
    from diffusers import UniPCMultistepScheduler, WanImageToVideoPipeline
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(0)
    tokenizer, text = _umt5()
    config = CLIPVisionConfig(hidden_size=4, projection_dim=4, num_hidden_layers=2, num_attention_heads=2,
                              image_size=32, intermediate_size=16, patch_size=16)  # fmt: skip
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    pipeline = WanImageToVideoPipeline(
        tokenizer=tokenizer, text_encoder=text, vae=_wan_vae(), scheduler=scheduler,
        transformer=_wan_transformer(36, 4), image_encoder=CLIPVisionModel(config).eval(),
        image_processor=CLIPImageProcessor(crop_size=32, size=32),
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    return folder


def ltx(folder: Path) -> Path:
    """LTX-Video's architecture: a VAE that shrinks sides by 32 and time by 8."""
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )

    torch.manual_seed(0)
    grows, four = (True, True, True, False), (8, 8, 8, 8)
    vae = AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=four, decoder_block_out_channels=four, layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 5, spatio_temporal_scaling=grows, decoder_spatio_temporal_scaling=grows,
        decoder_inject_noise=(False,) * 5, upsample_residual=(False,) * 4, upsample_factor=(1,) * 4, patch_size=4,
    )  # fmt: skip
    transformer = LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=4, attention_head_dim=8, cross_attention_dim=32,
        num_layers=1, caption_channels=32,
    )  # fmt: skip
    LTXPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=_t5_text(), tokenizer=_t5_tokenizer(),
        transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def cogvideox(folder: Path, *, from_image: bool = False) -> Path:
    """CogVideoX's architecture, from words or a clip, or with a picture beside the noise."""
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXImageToVideoPipeline,
        CogVideoXPipeline,
        CogVideoXTransformer3DModel,
    )

    torch.manual_seed(0)
    vae = AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4, up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
    )  # fmt: skip
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=8 if from_image else 4, out_channels=4,
        time_embed_dim=8, text_embed_dim=32, num_layers=1, sample_width=4, sample_height=4, sample_frames=9,
        max_text_seq_length=32,
    )  # fmt: skip
    kind = CogVideoXImageToVideoPipeline if from_image else CogVideoXPipeline
    kind(
        tokenizer=_t5_tokenizer(), text_encoder=_t5_text(), vae=vae, transformer=transformer,
        scheduler=CogVideoXDDIMScheduler(),
    ).save_pretrained(folder)  # fmt: skip
    return folder
