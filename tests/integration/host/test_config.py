"""One configuration: the environment over `.env`, every wrong key told, no secret shown."""

from pathlib import Path

import pytest

from tradewind.settings.keyring import new_key
from tradewind_host.config import KEYS, BadConfig, Config, read, shown, unknown_keys
from tradewind_host.reports import problems_of

DSN = "postgresql://app:hunter2@db.example:5432/shop?password=hunter2"


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    config = read({}, tmp_path)
    assert config == Config()
    assert config.base_url == "http://127.0.0.1:8000"
    assert all(config.flags.values())


def test_every_field_has_a_key() -> None:
    assert set(KEYS) == set(Config.__struct_fields__)


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        '# a comment\n\nTRADEWIND_PORT=8001\nexport TRADEWIND_HOST="10.0.0.9"  \n'
        "PUBLIC_SITE_URL='https://shop.example/'\nTRADEWIND_LOG_LEVEL=debug # loud\n"
        "USE_NEW_CHECKOUT=off\n"
    )
    config = read({"TRADEWIND_LOG_LEVEL": "error"}, tmp_path, port=8002, host=None)
    assert (config.port, config.host, config.log_level) == (8002, "10.0.0.9", "error")
    assert config.base_url == "https://shop.example"
    assert config.flags["USE_NEW_CHECKOUT"] is False


def test_lists_flags_and_paths_are_read(tmp_path: Path) -> None:
    config = read(
        {
            "TRADEWIND_SECRET_KEY": "new, old",
            "TRADEWIND_TRUSTED_PROXIES": "10.0.0.1,10.0.0.2",
            "TRADEWIND_WORKER": "No",
            "TRADEWIND_DATA_DIR": "~/shop",
        },
        tmp_path,
    )
    assert config.secret_keys == ("new", "old")
    assert config.trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert config.worker is False
    assert config.data_dir == Path.home() / "shop"


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    wrong = {
        "TRADEWIND_PORT": "eighty",
        "TRADEWIND_DATABASE_URL": "mysql://db",
        "TRADEWIND_WORKER": "perhaps",
        "TRADEWIND_ENVIRONMENT": "staging",
        "TRADEWIND_BODY_LIMIT": "0",
        "PUBLIC_SITE_URL": "shop.example",
    }
    with pytest.raises(BadConfig) as caught:
        read(wrong, tmp_path)
    for key in wrong:
        assert f"{key}: " in caught.value.detail


def test_a_line_that_cannot_be_read_is_told_by_its_number(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRADEWIND_PORT=1\nnonsense\n")
    with pytest.raises(BadConfig, match="line 2"):
        read({}, tmp_path)


def test_an_empty_value_counts_as_not_given(tmp_path: Path) -> None:
    assert read({"TRADEWIND_DATABASE_URL": ""}, tmp_path).database_url is None


def test_what_is_shown_holds_no_secret() -> None:
    key = new_key()
    config = Config(database_url=DSN, owner_database_url=DSN, secret_keys=(key,))
    text = repr(shown(config))
    assert "hunter2" not in text
    assert key not in text
    assert "db.example:5432/shop" in text


def test_slips_of_the_pen_are_noticed(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRADEWIND_PROT=80\n")
    environ = {"TRADEWIND_PORT": "80", "TRADEWIND_TEST_FOLDER": "x", "HOME": "y"}
    assert unknown_keys(environ, tmp_path) == ["TRADEWIND_PROT"]


def test_what_cannot_work_is_told() -> None:
    assert problems_of(Config()) == []
    assert problems_of(Config(secret_keys=(new_key(),), database_url=DSN)) == []
    assert len(problems_of(Config(secret_keys=("short",)))) == 1
    assert len(problems_of(Config(database_url=DSN))) == 1
    both = Config(database_url=DSN, owner_database_url=DSN, secret_keys=(new_key(),))
    assert len(problems_of(both)) == 1
