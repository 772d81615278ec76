"""What SillyTavern sends to the web UI's API."""

SILLYTAVERN = {
    "url": "http://127.0.0.1:8000",
    "auth": "anyone:secret",
    "prompt": "a fox",
    "negative_prompt": "text",
    "sampler_name": "brush",
    "scheduler": "automatic",
    "steps": 20,
    "cfg_scale": 7,
    "width": 512,
    "height": 512,
    "restore_faces": False,
    "enable_hr": False,
    "hr_upscaler": "Latent",
    "hr_scale": 2,
    "hr_additional_modules": [],
    "denoising_strength": 0.7,
    "hr_second_pass_steps": 0,
    "override_settings": {"CLIP_stop_at_last_layers": 1},
    "override_settings_restore_afterwards": True,
    "clip_skip": 1,
    "save_images": True,
    "send_images": True,
    "do_not_save_grid": False,
    "do_not_save_samples": False,
}
"""What SillyTavern sends (extensions/stable-diffusion/index.js, generateAutoImage)."""
