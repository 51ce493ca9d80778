"""What the demo does with plugins that somebody installed besides its own."""

from pathlib import Path

from structlog.testing import capture_logs

from docs.examples import bell, concierge
from tests.support.shop import open_shop
from tradewind.database import directory
from tradewind.testing.database import DatabaseUrls
from tradewind_host.demo import seed
from tradewind_host.demo.accounts import Outside, accounts_in


async def test_a_new_plugin_is_enabled_or_the_log_says_which_settings_it_wants_where(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    async with open_shop(database_urls, plugins=[bell.plugin, concierge.plugin]) as shop:
        engine = shop.engine
        await seed.seed(engine, tmp_path)
        with capture_logs() as logs:
            outside = Outside(url="http://127.0.0.1:1", host="127.0.0.1", mail_port=2)
            await seed.connect_plugins(engine, accounts_in(tmp_path), outside, anew=True)
        wanted = [(one["plugin"], one["store"], one["settings"]) for one in logs]
        assert wanted == [
            ("bell", "demo", ["settings.url"]),
            ("bell", "second", ["settings.url"]),
        ]
        store = await directory.store_by_slug(engine.database, "demo")
        state = await engine.state(store)
        assert state.rows["concierge"].enabled
        assert "bell" not in state.rows
