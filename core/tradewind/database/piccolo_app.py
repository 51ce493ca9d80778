"""The core as a Piccolo app, for the migration runner."""

from pathlib import Path

from piccolo.conf.apps import AppConfig


def folder() -> Path:
    """Where the core's migrations are: inside the wheel, or in the repository."""
    inside = Path(__file__).parent.parent / "migrations"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "migrations" / "core"


APP_CONFIG = AppConfig(app_name="tradewind", migrations_folder_path=str(folder()))
