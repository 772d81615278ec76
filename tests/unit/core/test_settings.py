from pathlib import Path

import pytest

from limner.core.errors import SettingInvalid
from limner.core.settings import (
    SETTING_NAMES,
    OwnEngine,
    exempt_loopback_from_proxies,
    read_settings,
)


def read(home: Path, **variables: str):
    return read_settings(default_home=home, environment=variables)


def test_the_list_of_settings_is_frozen():
    assert SETTING_NAMES == (
        "home",
        "num_threads",
        "batch_size",
        "precision",
        "max_input_megapixels",
        "criteria",
        "database",
        "database_password",
        "signing_chain",
        "signing_key",
        "mark",
        "label",
        "label_position",
        "label_size",
        "reviewer",
        "model_names",
        "hosts",
        "anyone_may_verify",
        "diffusers_python",
        "sdcpp_python",
        "engine_memory_mb",
        "engine_idle_seconds",
        "engines",
        "service_keys",
        "service_proxy",
        "watch_run_length",
        "watch_window",
        "watch_minutes",
        "canary_hours",
        "alert_webhook",
        "alert_email",
        "alert_sender",
        "alert_smtp",
        "alert_smtp_user",
        "alert_smtp_password",
        "report_days",
    )


def test_settings_have_defaults_that_are_said_to_be_defaults(tmp_path):
    settings = read(tmp_path)
    assert (settings.num_threads, settings.sources["num_threads"]) == (0, "default")


def test_the_file_goes_before_the_default(tmp_path):
    (tmp_path / "settings.toml").write_text("num_threads = 2\n")
    settings = read(tmp_path)
    assert (settings.num_threads, settings.sources["num_threads"]) == (
        2,
        str(tmp_path / "settings.toml"),
    )


def test_the_environment_goes_before_the_file(tmp_path):
    (tmp_path / "settings.toml").write_text("num_threads = 2\n")
    assert read(tmp_path, LIMNER_NUM_THREADS="3").num_threads == 3


def test_limner_home_names_the_data_folder(tmp_path):
    other = tmp_path / "other"
    settings = read(tmp_path, LIMNER_HOME=str(other))
    assert (settings.home, settings.sources["home"]) == (other, "LIMNER_HOME")


def test_a_home_argument_goes_before_limner_home(tmp_path):
    settings = read_settings(
        default_home=tmp_path, home=tmp_path / "a", environment={"LIMNER_HOME": "/b"}
    )
    assert settings.home == tmp_path / "a"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"LIMNER_NUM_THREADS": "many"},
            "Setting 'num_threads' in LIMNER_NUM_THREADS is 'many'; "
            "allowed is a whole number from 0 to 1024.",
        ),
        ({"LIMNER_PRECISION": "fp8"}, "allowed is auto, int8, bf16, f16, f32."),
        ({"LIMNER_NUM_THREADS": "-1"}, "allowed is a whole number from 0 to 1024."),
        ({"LIMNER_COLOUR": "red"}, "Unknown setting 'colour' in LIMNER_COLOUR; known settings"),
    ],
)
def test_a_bad_variable_is_refused_by_name(tmp_path, variables, sentence):
    with pytest.raises(SettingInvalid) as refused:
        read(tmp_path, **variables)
    assert sentence in refused.value.message


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("num_threads = true", "Setting 'num_threads' in"),
        ("colour = 'red'", "Unknown setting 'colour' in"),
        ("num_threads = ", "cannot be read"),
    ],
)
def test_a_bad_settings_file_is_refused_by_name(tmp_path, text, sentence):
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(SettingInvalid) as refused:
        read(tmp_path)
    assert sentence in refused.value.message


def test_a_path_is_made_absolute(tmp_path):
    signing_key = read(tmp_path, LIMNER_SIGNING_KEY="own.pem").signing_key
    assert signing_key == Path("own.pem").absolute()


def test_an_empty_path_is_none(tmp_path):
    assert read(tmp_path, LIMNER_SIGNING_KEY="").signing_key is None


def test_loopback_is_exempt_from_a_proxy():
    variables = {"http_proxy": "http://proxy:3128", "NO_PROXY": "intranet"}
    exempt_loopback_from_proxies(variables)
    assert (variables["NO_PROXY"], variables["no_proxy"]) == ("intranet,127.0.0.1", "127.0.0.1")


def test_without_a_proxy_no_variable_is_changed():
    variables = {"HOME": "/home/a", "http_proxy": ""}
    exempt_loopback_from_proxies(variables)
    assert variables == {"HOME": "/home/a", "http_proxy": ""}


def test_an_exemption_is_not_written_twice():
    variables = {"ALL_PROXY": "socks5://proxy:1080", "NO_PROXY": "127.0.0.1"}
    exempt_loopback_from_proxies(variables)
    assert variables["NO_PROXY"] == "127.0.0.1"


def test_a_password_is_used_and_never_shown(tmp_path):
    settings = read(tmp_path, LIMNER_DATABASE_PASSWORD="s3cret")
    assert settings.database_password.value == "s3cret"
    assert "s3cret" not in f"{settings} {settings.database_password}"


def test_a_password_inside_the_address_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(SettingInvalid, match="database_password") as refused:
        read(tmp_path, LIMNER_DATABASE="postgresql://limner:s3cret@db.example/limner")
    assert "s3cret" not in refused.value.message


@pytest.mark.parametrize("address", ["mysql://limner@db.example/limner", "limner.sqlite3"])
def test_another_kind_of_database_is_refused(tmp_path, address):
    with pytest.raises(SettingInvalid, match="postgresql://user@host/name"):
        read(tmp_path, LIMNER_DATABASE=address)


def test_a_services_key_is_found_by_its_host(tmp_path):
    (tmp_path / "settings.toml").write_text('[service_keys]\n"API.example.com" = "k=1"\n')
    assert read(tmp_path).service_keys.of("api.example.com").value == "k=1"


def test_keys_of_services_come_from_the_environment(tmp_path):
    keys = read(tmp_path, LIMNER_SERVICE_KEYS="a.example=one, b.example:81=two").service_keys
    assert (keys.of("a.example").value, keys.of("b.example:81").value) == ("one", "two")


def test_a_services_key_is_never_shown(tmp_path):
    settings = read(tmp_path, LIMNER_SERVICE_KEYS="a.example=hush")
    assert "hush" not in f"{settings} {settings.service_keys} {settings.service_keys!r}"
    assert str(settings.service_keys) == "(set for a.example, not shown)"


@pytest.mark.parametrize("value", ["hush", "=hush", "a.example="])
def test_a_key_without_its_host_is_refused_without_showing_it(tmp_path, value):
    with pytest.raises(SettingInvalid, match="a key for each host") as caught:
        read(tmp_path, LIMNER_SERVICE_KEYS=value)
    assert "hush" not in caught.value.message


def test_further_engines_are_named(tmp_path):
    named = "own=acme.draw:open_it,far=a:b@/opt/far/bin/python"
    assert read(tmp_path, LIMNER_ENGINES=named).engines == {
        "own": OwnEngine("acme.draw:open_it"),
        "far": OwnEngine("a:b", Path("/opt/far/bin/python")),
    }


@pytest.mark.parametrize("value", ["own=acme", "own=acme:x;y", "own=:open", "own=a:b@"])
def test_an_engine_that_is_no_function_is_refused(tmp_path, value):
    with pytest.raises(SettingInvalid, match="module:function, or module:function@interpreter"):
        read(tmp_path, LIMNER_ENGINES=value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("watch_run_length", "10"),
        ("watch_window", "5"),
        ("alert_webhook", "file:///etc/passwd"),
        ("alert_webhook", "https://"),
        ("alert_email", "nobody"),
        ("alert_smtp", "mail.example"),
        ("alert_smtp", "ftp://mail.example:25"),
    ],
)
def test_what_alarms_cannot_use_is_refused(tmp_path, name: str, value: str):
    with pytest.raises(SettingInvalid, match=f"'{name}'.*allowed is"):
        read(tmp_path, **{f"LIMNER_{name.upper()}": value})


def test_the_address_of_a_webhook_is_never_shown(tmp_path):
    settings = read(tmp_path, LIMNER_ALERT_WEBHOOK="https://hooks.example/T0/secret")
    assert "secret" not in f"{settings} {settings.alert_webhook}"
