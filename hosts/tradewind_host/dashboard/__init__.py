"""The dashboard: what a merchant sees and does, at `/dashboard`.

Plain HTML that needs no script. Whoever is signed in looks at one of their stores at a time.
"""

from litestar import Response, Router, get
from litestar.di import Provide

from tradewind_host.dashboard import (
    acting,
    cases,
    delivery,
    files,
    inbox,
    orders,
    person,
    plugin_pages,
    signing_in,
)
from tradewind_host.dashboard.door import DashboardDoor, GivenDesk, provide_desk
from tradewind_host.dashboard.extensions import Extensions
from tradewind_host.dashboard.rendering import FAULTS, files_router

__all__ = ["Extensions", "dashboard_routers"]


@get("/")
async def home(desk: GivenDesk) -> Response[None]:
    """The first page."""
    return desk.elsewhere(signing_in.HOME)


def dashboard_routers() -> list[Router]:
    """The pages under `/dashboard`, and their style sheet."""
    outside = Router(
        "/dashboard",
        route_handlers=[signing_in.login_page, signing_in.login],
        exception_handlers=FAULTS,
        include_in_schema=False,
    )
    inside = Router(
        "/dashboard",
        route_handlers=[
            home,
            signing_in.logout,
            orders.order_list,
            orders.order_page,
            acting.ask,
            acting.act,
            inbox.conversation_list,
            inbox.thread,
            cases.case_list,
            cases.case_page,
            cases.act_on_case,
            files.file_list,
            files.bring_file,
            files.file_page,
            files.call_off_import,
            delivery.way_list,
            delivery.way_page,
            delivery.change_way,
            plugin_pages.plugin_page,
            person.account_page,
            person.end_one,
            person.end_others,
            person.choose,
        ],
        middleware=[DashboardDoor],
        dependencies={"desk": Provide(provide_desk, sync_to_thread=False)},
        exception_handlers=FAULTS,
        include_in_schema=False,
    )
    return [outside, inside, files_router()]
