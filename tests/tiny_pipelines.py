"""Diffusers pipelines of real architectures with tiny random weights, saved to disk as a user's would be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch


def clip_tokenizer(folder: Path) -> Any:
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16)


def _clip_text() -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=54, hidden_size=32, intermediate_size=37, num_hidden_layers=1, num_attention_heads=4,
        max_position_embeddings=16, bos_token_id=52, eos_token_id=53, pad_token_id=53, projection_dim=32,
    )  # fmt: skip
    return CLIPTextModel(config).eval()


def _image_vae() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8), in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=4, sample_size=32, norm_num_groups=2,
    )  # fmt: skip


def modelscope(folder: Path, *, from_video: bool = False, safe: bool = True) -> Path:
    """ModelScope/ZeroScope's architecture: text-to-video, or video-to-video with the same parts."""
    from diffusers import DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel, VideoToVideoSDPipeline

    torch.manual_seed(0)
    unet = UNet3DConditionModel(
        block_out_channels=(32, 32), layers_per_block=1, sample_size=16, in_channels=4, out_channels=4,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"), up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=32, attention_head_dim=4, norm_num_groups=2,
    )  # fmt: skip
    kind = VideoToVideoSDPipeline if from_video else TextToVideoSDPipeline
    pipeline = kind(
        vae=_image_vae(), text_encoder=_clip_text(), tokenizer=clip_tokenizer(folder.with_name("tokenizer-files")),
        unet=unet, scheduler=DDIMScheduler(clip_sample=False),
    )  # fmt: skip
    pipeline.save_pretrained(folder, safe_serialization=safe)
    return folder


def stable_video_diffusion(folder: Path) -> Path:
    """Stable Video Diffusion's architecture: image-to-video without words."""
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    unet = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=16, in_channels=8, out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"), cross_attention_dim=32,
        num_attention_heads=8, projection_class_embeddings_input_dim=96, addition_time_embed_dim=32,
    )  # fmt: skip
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32), in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 2,
        latent_channels=4,
    )  # fmt: skip
    vision = CLIPVisionModelWithProjection(
        CLIPVisionConfig(hidden_size=32, projection_dim=32, num_hidden_layers=1, num_attention_heads=4, image_size=224,
                         intermediate_size=37, patch_size=56)
    )  # fmt: skip
    pipeline = StableVideoDiffusionPipeline(
        vae=vae, image_encoder=vision.eval(), unet=unet, scheduler=EulerDiscreteScheduler(),
        feature_extractor=CLIPImageProcessor(crop_size=32, size=32),
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    return folder


def animatediff(folder: Path, *, from_video: bool = False, adapter: Path | None = None) -> Path:
    """AnimateDiff's architecture; with ``adapter`` a still-picture pipeline and, in that folder, a motion adapter."""
    from diffusers import (
        AnimateDiffPipeline,
        AnimateDiffVideoToVideoPipeline,
        DDIMScheduler,
        MotionAdapter,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        block_out_channels=(8, 8), layers_per_block=1, sample_size=16, in_channels=4, out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32, attention_head_dim=4, norm_num_groups=2,
    )  # fmt: skip
    motion = MotionAdapter(
        block_out_channels=(8, 8), motion_layers_per_block=1, motion_norm_num_groups=2, motion_num_attention_heads=2,
        motion_max_seq_length=12,
    )  # fmt: skip
    tokenizer = clip_tokenizer(folder.with_name("tokenizer-files"))
    parts = {"vae": _image_vae(), "text_encoder": _clip_text(), "tokenizer": tokenizer, "unet": unet}
    scheduler = DDIMScheduler(beta_schedule="linear", clip_sample=False, steps_offset=1)
    if adapter is not None:
        motion.save_pretrained(adapter)
        StableDiffusionPipeline(
            **parts, scheduler=scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        ).save_pretrained(folder)
    else:
        kind = AnimateDiffVideoToVideoPipeline if from_video else AnimateDiffPipeline
        kind(**parts, scheduler=scheduler, motion_adapter=motion).save_pretrained(folder)
    return folder
