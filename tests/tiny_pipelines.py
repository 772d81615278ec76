"""Real pipelines with random weights, small enough for a test: true classes, official layouts.

Needs torch, diffusers and transformers. Each builder gives a pipeline; `save` writes it as a folder
the way the hub has them.
"""

import string
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLQwenImage,
    ControlNetModel,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxControlNetModel,
    FluxFillPipeline,
    FluxKontextPipeline,
    FluxPipeline,
    FluxTransformer2DModel,
    ModelMixin,
    PixArtAlphaPipeline,
    PixArtTransformer2DModel,
    PNDMScheduler,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    SD3ControlNetModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

LETTERS = string.ascii_lowercase + string.digits + ",.-"


def clip_tokenizer() -> CLIPTokenizer:
    """Reads letter by letter; 77 tokens with the two marks."""
    words = [*LETTERS, *(f"{one}</w>" for one in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    merges = [("f", "o"), ("fo", "x</w>")]
    vocab = {word: number for number, word in enumerate([*words, "fo", "fox</w>"])}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)


def t5_tokenizer() -> T5Tokenizer:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0)]
    pieces += [("▁fox", -1.5)] + [(one, -2.0) for one in LETTERS]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


def clip_config(width: int = 32, projection: int = 32) -> CLIPTextConfig:
    return CLIPTextConfig(
        hidden_size=width,
        intermediate_size=37,
        layer_norm_eps=1e-05,
        num_attention_heads=4,
        num_hidden_layers=2,
        vocab_size=99,
        projection_dim=projection,
        pad_token_id=79,
        bos_token_id=78,
        eos_token_id=79,
        hidden_act="gelu",
    )


def t5_model() -> T5EncoderModel:
    return T5EncoderModel(
        T5Config(vocab_size=48, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    )


def vae(channels: int = 4, width: int = 8) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=[width, 2 * width],
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=channels,
        norm_num_groups=2,
        use_quant_conv=channels == 4,
        use_post_quant_conv=channels == 4,
        shift_factor=0.06 if channels == 16 else None,
    )


def unet(**changes: object) -> UNet2DConditionModel:
    plain = {
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "sample_size": 32,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 32,
        "norm_num_groups": 2,
        "attention_head_dim": 4,
    }
    return UNet2DConditionModel(**{**plain, **changes})


def stable_diffusion() -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        unet=unet(),
        scheduler=PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            steps_offset=1,
        ),
        vae=vae(),
        text_encoder=CLIPTextModel(clip_config()),
        tokenizer=clip_tokenizer(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_xl() -> StableDiffusionXLPipeline:
    network = unet(
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1),
        projection_class_embeddings_input_dim=6 * 8 + 32,
        cross_attention_dim=64,
        use_linear_projection=True,
    )
    return StableDiffusionXLPipeline(
        unet=network,
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
        vae=vae(),
        text_encoder=CLIPTextModel(clip_config(width=24)),  # single files tell them by width
        tokenizer=clip_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(clip_config(width=40)),
        tokenizer_2=clip_tokenizer(),
        force_zeros_for_empty_prompt=True,
    )


def stable_diffusion_3(num_layers: int = 1) -> StableDiffusion3Pipeline:
    network = SD3Transformer2DModel(
        sample_size=32,
        patch_size=1,
        in_channels=16,
        num_layers=num_layers,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=32,
        joint_attention_dim=32,
        pooled_projection_dim=64,
        out_channels=16,
        pos_embed_max_size=64,
    )
    words = CLIPTextModelWithProjection(clip_config(width=16, projection=16))
    torch.nn.init.eye_(words.text_projection.weight)  # as in every single file, which lacks it
    return StableDiffusion3Pipeline(
        transformer=network,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(channels=16),
        text_encoder=words,
        tokenizer=clip_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(clip_config(width=12, projection=48)),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5_model(),
        tokenizer_3=t5_tokenizer(),
    )


def flux(**changes: object) -> FluxPipeline:
    plain = {
        "patch_size": 1,
        "in_channels": 16,
        "num_layers": 1,
        "num_single_layers": 1,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 32,
        "pooled_projection_dim": 32,
        "axes_dims_rope": [4, 4, 8],
        "guidance_embeds": True,
    }
    network = FluxTransformer2DModel(**{**plain, **changes})
    return FluxPipeline(
        transformer=network,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=AutoencoderKL(
            sample_size=32,
            in_channels=3,
            out_channels=3,
            block_out_channels=(4,),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=1,
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.0609,
            scaling_factor=1.5035,
        ),
        text_encoder=CLIPTextModel(clip_config()),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5_model(),
        tokenizer_2=t5_tokenizer(),
    )


def wide_flux() -> FluxPipeline:
    """Of the width of Flux, 3072, with one block of each kind: half a billion values."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        return flux(attention_head_dim=128, num_attention_heads=24, axes_dims_rope=[16, 56, 56])
    finally:
        torch.set_default_dtype(before)


def pixart() -> PixArtAlphaPipeline:
    network = PixArtTransformer2DModel(
        sample_size=32,
        num_layers=1,
        patch_size=2,
        attention_head_dim=8,
        num_attention_heads=3,
        caption_channels=32,
        in_channels=4,
        cross_attention_dim=24,
        out_channels=8,
        attention_bias=True,
        activation_fn="gelu-approximate",
        num_embeds_ada_norm=1000,
        norm_type="ada_norm_single",
        norm_elementwise_affine=False,
        norm_eps=1e-6,
        use_additional_conditions=False,
    )
    return PixArtAlphaPipeline(
        transformer=network,
        scheduler=DPMSolverMultistepScheduler(),
        vae=vae(),
        text_encoder=t5_model(),
        tokenizer=t5_tokenizer(),
    )


def qwen_tokenizer() -> Qwen2Tokenizer:
    """Reads byte by byte."""
    vocab = {one: number for number, one in enumerate(sorted(ByteLevel.alphabet()))}
    for mark in ("<|endoftext|>", "<|im_start|>", "<|im_end|>"):
        vocab[mark] = len(vocab)
    return Qwen2Tokenizer(vocab=vocab, merges=[])


def qwen_image() -> QwenImagePipeline:
    rope = {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"}
    words = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_scaling": rope,
        "vocab_size": 300,
    }
    sight = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 16,
    }
    return QwenImagePipeline(
        transformer=QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            guidance_embeds=False,
            axes_dims_rope=(8, 4, 4),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=AutoencoderKLQwenImage(
            base_dim=24,
            z_dim=4,
            dim_mult=[1, 2, 4],
            num_res_blocks=1,
            temperal_downsample=[False, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(
            Qwen2_5_VLConfig(text_config=words, vision_config=sight)
        ),
        tokenizer=qwen_tokenizer(),
    )


def z_image() -> ZImagePipeline:
    tokenizer = qwen_tokenizer()
    tokenizer.chat_template = (
        "{% for one in messages %}<|im_start|>{{ one.role }}\n{{ one.content }}<|im_end|>\n"
        "{% endfor %}<|im_start|>assistant\n"
    )
    return ZImagePipeline(
        transformer=ZImageTransformer2DModel(
            in_channels=16,
            dim=32,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=16,
            axes_dims=[4, 4, 8],
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(channels=16),
        text_encoder=Qwen3Model(
            Qwen3Config(
                hidden_size=16,
                intermediate_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=2,
                head_dim=8,
                vocab_size=300,
            )
        ),
        tokenizer=tokenizer,
    )


FAMILIES = {
    "sd1": stable_diffusion,
    "sdxl": stable_diffusion_xl,
    "sd3": stable_diffusion_3,
    "flux": flux,
    "pixart": pixart,
    "qwen": qwen_image,
    "z-image": z_image,
}


def of_class(kind: type[DiffusionPipeline], **parts: object) -> DiffusionPipeline:
    """Stable Diffusion 1 as a pipeline of another class, with some parts of its own."""
    plain = stable_diffusion().components
    return kind(**{**plain, **parts}, requires_safety_checker=False)


def flux_of_class(kind: type[DiffusionPipeline], **changes: object) -> DiffusionPipeline:
    """Flux as a pipeline of another class, with some settings of its own."""
    parts = flux(**changes).components
    return kind(**{name: part for name, part in parts.items() if part is not None})


PICTURE_ONLY = {
    "sd1-inpaint": lambda: of_class(StableDiffusionInpaintPipeline, unet=unet(in_channels=9)),
    "flux-fill": lambda: flux_of_class(FluxFillPipeline, in_channels=36, out_channels=16),
    "sd1-edit": lambda: of_class(StableDiffusionInstructPix2PixPipeline, unet=unet(in_channels=8)),
}
"""Pipelines that draw nothing from words alone."""

SIBLINGS = {
    "sd1-img2img": lambda: of_class(StableDiffusionImg2ImgPipeline),
    "sd1-masked": lambda: of_class(StableDiffusionInpaintPipeline),
    "sd1-nine": lambda: of_class(StableDiffusionPipeline, unet=unet(in_channels=9)),
}
"""Pipelines whose class alone does not say what they draw from."""

FURTHER = {
    "flux-kontext": lambda: flux_of_class(FluxKontextPipeline),
    "sd3-deep": lambda: stable_diffusion_3(num_layers=2),  # ControlNets steer all but the last
}
"""Pipelines for a test or two."""


def save(family: str, folder: Path) -> Path:
    """A pipeline of a family in a folder, the same weights every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        {**FAMILIES, **PICTURE_ONLY, **SIBLINGS, **FURTHER}[family]().save_pretrained(
            folder, safe_serialization=True
        )
    return folder


def controlnet(pipeline: DiffusionPipeline) -> ModelMixin:
    """A ControlNet with random weights that fits the pipeline."""
    network = _untaught_controlnet(pipeline)
    with torch.no_grad():
        for values in network.parameters():
            if not values.any():
                values.normal_(std=0.5)
    return network


def _untaught_controlnet(pipeline: DiffusionPipeline) -> ModelMixin:
    if isinstance(pipeline, StableDiffusion3Pipeline):
        return SD3ControlNetModel.from_transformer(
            pipeline.transformer,
            num_layers=1,
            num_extra_conditioning_channels=0,
            load_weights_from_transformer=False,  # whose one block is a last one, of another form
        )
    if isinstance(pipeline, FluxPipeline):
        return FluxControlNetModel.from_transformer(
            pipeline.transformer,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
        )
    return ControlNetModel.from_unet(pipeline.unet, conditioning_embedding_out_channels=(8, 8))
