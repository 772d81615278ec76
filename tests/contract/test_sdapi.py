"""Clients of the web UI's interface against a running server, with the bodies they send."""

import base64
import io
import json
import threading

import httpx
import numpy as np
import pytest
from PIL import Image as PillowImage
from sillytavern import SILLYTAVERN

from limner.core.jobs import OVER, JobState

INFO_KEYS = {
    "prompt", "all_prompts", "negative_prompt", "all_negative_prompts", "seed", "all_seeds",
    "subseed", "all_subseeds", "subseed_strength", "width", "height", "sampler_name", "cfg_scale",
    "steps", "batch_size", "restore_faces", "face_restoration_model", "sd_model_name",
    "sd_model_hash", "sd_vae_name", "sd_vae_hash", "seed_resize_from_w", "seed_resize_from_h",
    "denoising_strength", "extra_generation_params", "index_of_first_image", "infotexts", "styles",
    "job_timestamp", "clip_skip", "is_using_inpainting_conditioning",
}  # fmt: skip


@pytest.fixture
def ui(running):
    """A client that shows its token as a password, as clients of the web UI do."""
    with httpx.Client(
        base_url=f"{running.url}/sdapi/v1", auth=("anyone", running.token()), timeout=60
    ) as client:
        yield client


@pytest.fixture
def slowly(running):
    running.painter.seconds_per_step = 0.05
    yield running
    running.painter.seconds_per_step = 0.0


def png(image_HWC):
    buffer = io.BytesIO()
    PillowImage.fromarray(image_HWC).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def pixels(b64):
    return np.asarray(PillowImage.open(io.BytesIO(base64.b64decode(b64))).convert("RGBA"))


GREY = np.full((64, 64, 4), (90, 90, 90, 255), np.uint8)
SHADED = GREY + np.arange(64, dtype=np.uint8)[:, None, None] * np.uint8([1, 2, 0, 0])


def test_sillytavern_draws(ui):
    answer = ui.post("/txt2img", json=SILLYTAVERN)
    assert "limner-warning" not in answer.headers
    assert pixels(answer.json()["images"][0]).shape == (512, 512, 4)


def test_sillytavern_connects(ui):
    assert ui.get("/options").json()["sd_model_checkpoint"].startswith("painted [")
    assert [one["title"] for one in ui.get("/sd-models").json()] == [
        ui.get("/options").json()["sd_model_checkpoint"]
    ]
    assert ui.get("/samplers").json()[0]["name"] == "brush"
    assert ui.get("/schedulers").json()[0]["name"] == "automatic"
    assert ui.get("/upscalers").json()[0]["name"] == "None"
    assert ui.get("/latent-upscale-modes").json() == ui.get("/sd-vae").json() == []


def test_sillytavern_chooses_a_model_and_waits_until_nothing_is_done(running, ui):
    title = ui.get("/options").json()["sd_model_checkpoint"]
    headers = {"Authorization": f"Bearer {running.token('ada', 'admin')}"}
    with httpx.Client(base_url=f"{running.url}/sdapi/v1", headers=headers) as admin:
        assert admin.post("/options", json={"sd_model_checkpoint": title}).status_code == 200
        progress = admin.get("/progress").json()
    assert (progress["progress"], progress["state"]["job_count"]) == (0.0, 0)


def test_open_webui_draws(ui):
    """The body that Open WebUI sends (routers/images.py, image_generations)."""
    answer = ui.post(
        "/txt2img",
        json={
            "prompt": "a fox",
            "batch_size": 2,
            "width": 256,
            "height": 256,
            "steps": 20,
            "negative_prompt": "text",
        },
    ).json()
    assert len(answer["images"]) == 2
    assert isinstance(answer["info"], str)


def test_open_webui_sends_all_options_back_with_another_model(running, ui):
    """It posts the whole of what it got (routers/images.py, set_image_model)."""
    options = ui.get("/options").json()
    headers = {"Authorization": f"Bearer {running.token('ada', 'admin')}"}
    answer = httpx.post(
        f"{running.url}/sdapi/v1/options",
        json=options | {"sd_model_checkpoint": "default"},
        headers=headers,
    )
    assert answer.status_code == 200


def test_info_has_every_key(ui):
    answer = ui.post("/txt2img", json={"prompt": "a fox", "seed": 7, "n_iter": 2}).json()
    info = json.loads(answer["info"])
    assert info.keys() >= INFO_KEYS
    assert info["all_seeds"] == [7, 8]


def test_the_infotext_is_that_of_the_file(ui):
    answer = ui.post("/txt2img", json={"prompt": "a fox", "seed": 7}).json()
    infotext = json.loads(answer["info"])["infotexts"][0]
    told = ui.post("/png-info", json={"image": answer["images"][0]}).json()
    assert told["info"] == infotext
    assert (told["parameters"]["Prompt"], told["parameters"]["Seed"]) == ("a fox", "7")


def test_the_answer_echoes_what_was_asked_and_no_secrets(ui):
    parameters = ui.post("/txt2img", json=SILLYTAVERN).json()["parameters"]
    assert parameters["steps"] == 20
    assert "secret" not in json.dumps(parameters)


def test_img2img_starts_from_the_picture(ui):
    answer = ui.post(
        "/img2img",
        json={"prompt": "a fox", "init_images": [png(GREY)], "denoising_strength": 0.1},
    ).json()
    assert abs(int(pixels(answer["images"][0])[0, 0, 0]) - 90) < 20


def test_img2img_repaints_what_is_white_and_keeps_the_rest(ui):
    mask_HW = np.zeros((64, 64), np.uint8)
    mask_HW[:, :32] = 255
    answer = ui.post(
        "/img2img",
        json={
            "prompt": "a fox",
            "init_images": ["data:image/png;base64," + png(GREY)],
            "mask": png(mask_HW),
            "mask_blur": 0,
            "denoising_strength": 1,
        },
    ).json()
    drawn = pixels(answer["images"][0])
    assert np.array_equal(drawn[:, 32:], GREY[:, 32:])
    assert not np.array_equal(drawn[:, :32], GREY[:, :32])


def test_what_cannot_be_honoured_is_named(ui):
    answer = ui.post("/txt2img", json={"prompt": "a fox", "tiling": True})
    assert answer.status_code == 422
    assert "tiling" in answer.json()["detail"]


def test_hires_fix_draws_two_passes_and_tells_them(ui):
    asked = {"prompt": "a fox", "enable_hr": True, "width": 64, "height": 64}
    answer = ui.post("/txt2img", json=asked | {"denoising_strength": 0.5, "hr_upscaler": "Lanczos"})
    assert answer.status_code == 200, answer.text
    info = json.loads(answer.json()["info"])
    assert pixels(answer.json()["images"][0]).shape[:2] == (128, 128)
    assert (info["denoising_strength"], info["extra_generation_params"]) == (
        0.5,
        {"Hires resize": "128x128", "Hires upscaler": "lanczos"},
    )


def test_unknown_fields_are_named_in_a_header(ui):
    answer = ui.post("/txt2img", json={"prompt": "a fox", "eta": 0.5, "hm": 1})
    assert answer.headers["limner-warning"] == "Ignored: eta. Ignored, unknown here: 'hm'."


def test_a_picture_is_enlarged_and_sealed_like_every_image(ui, running):
    answer = ui.post(
        "/extra-single-image",
        json={"image": png(SHADED), "upscaling_resize": 2, "upscaler_1": "Lanczos"},
    )
    assert pixels(answer.json()["image"]).shape == (128, 128, 4)
    assert answer.headers["limner-job"] == f"/api/jobs/{running.last_job().job_id}"
    assert b"c2pa" in base64.b64decode(answer.json()["image"])


@pytest.mark.parametrize(
    "fields",
    [{"upscaling_resize": 1.5}, {"resize_mode": 1}, {"upscaler_1": "magic"}],
)
def test_what_cannot_be_enlarged_to_is_refused_by_name(ui, fields):
    answer = ui.post("/extra-single-image", json={"image": png(GREY), **fields})
    assert answer.status_code == 422
    assert next(iter(fields)) in answer.json()["detail"]


def test_a_picture_is_not_enlarged_beyond_all_measure(ui):
    big = png(np.zeros((4000, 4000, 4), np.uint8))
    answer = ui.post("/extra-single-image", json={"image": big, "upscaling_resize": 8})
    assert answer.status_code == 422


def test_options_are_for_administrators(ui):
    title = ui.get("/options").json()["sd_model_checkpoint"]
    assert ui.post("/options", json={"sd_model_checkpoint": title}).status_code == 403


@pytest.mark.parametrize("path", ["/cmd-flags", "/memory", "/unload-checkpoint"])
def test_what_tells_of_the_machine_is_not_there(ui, path):
    assert ui.get(path).status_code == 404


def test_a_wrong_password_asks_for_one(running):
    answer = httpx.get(f"{running.url}/sdapi/v1/options", auth=("anyone", "limner_wrong"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_progress_is_told_while_drawing_and_interrupt_stops_it(slowly, ui, until):
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(
            httpx.post(
                f"{slowly.url}/sdapi/v1/txt2img",
                auth=("anyone", slowly.token()),
                json={"prompt": "a fox", "steps": 50},
                timeout=60,
            )
        )
    )
    thread.start()
    until(lambda: 0 < ui.get("/progress").json()["progress"] < 1)
    progress = ui.get("/progress").json()
    ui.post("/interrupt")
    thread.join(60)
    assert (progress["state"]["job_count"], progress["state"]["sampling_steps"]) == (1, 50)
    assert pixels(progress["current_image"]).ndim == 3
    assert (answers[0].status_code, answers[0].json()["code"]) == (422, "job_cancelled")


def test_nobody_sees_or_stops_anothers_job(slowly, ui, until):
    job = slowly.studio.jobs.submit(
        slowly.request("a fox", steps=40), owner="somebody else", client="sdapi"
    )
    until(lambda: slowly.studio.jobs.get(job.job_id).state is JobState.RUNNING)
    assert ui.get("/progress").json()["state"]["job_count"] == 0
    ui.post("/interrupt")
    assert slowly.studio.jobs.get(job.job_id).state is JobState.RUNNING
    slowly.studio.jobs.cancel(job.job_id)


def test_a_client_that_leaves_has_its_job_cancelled_at_once(slowly, until):
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{slowly.url}/sdapi/v1/txt2img",
            auth=("anyone", slowly.token()),
            json={"prompt": "a fox", "steps": 50, "n_iter": 8},
            timeout=0.5,
        )
    until(lambda: slowly.last_job().state in OVER, seconds=5)
    assert slowly.last_job().state is JobState.CANCELLED
