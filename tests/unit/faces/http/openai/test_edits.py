"""What an edit in JSON is told of a field that cannot be read."""


def test_a_mask_that_is_no_object_is_refused_by_its_name(client):
    picture = "data:image/png;base64,AAAA"
    fields = {"prompt": "a fox", "images": [{"image_url": picture}], "mask": picture}
    answer = client().post("/v1/images/edits", json=fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "mask")
    assert "allowed is an object with image_url" in error["message"]
