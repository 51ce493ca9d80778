"""The plugin's tables as a Piccolo app, for `tradewind migrate`."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="points", migrations_folder_path=str(Path(__file__).parent / "migrations")
)
