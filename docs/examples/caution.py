"""Looks twice at payments that are larger than a store is used to."""

import msgspec

from tradewind import Plugin, RiskAnswer, RiskQuestion, StoreContext, hookimpl


class CautionSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Minor units: from where on a person looks, and from where on nothing goes."""

    review_from: int = 5_000_000
    veto_from: int = 50_000_000


class Caution(Plugin):
    """Knows amounts only."""

    name = "caution"
    requires = ">=0.1,<0.2"
    settings_type = CautionSettings

    @hookimpl
    async def assess_risk(
        self, question: RiskQuestion, context: StoreContext[CautionSettings]
    ) -> RiskAnswer | None:
        """None: nothing to say about this one."""
        if question.amount >= context.settings.veto_from:
            return RiskAnswer(verdict="veto", reason="larger than any sale of this store")
        if question.amount >= context.settings.review_from:
            return RiskAnswer(verdict="review", reason="an unusually large amount")
        return None


plugin = Caution()
