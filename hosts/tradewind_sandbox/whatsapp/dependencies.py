"""What Litestar hands to every route of the stand-in."""

from litestar.di import NamedDependency

from tradewind_sandbox.whatsapp.carrier import Carrier

GivenCarrier = NamedDependency[Carrier]
