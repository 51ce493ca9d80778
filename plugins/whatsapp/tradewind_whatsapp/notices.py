"""News of the account, in words that do not depend on Meta's: templates, quality, restrictions.

The keys of a value decide before its field does: Meta itself has sent quality news under the
field of status news.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from tradewind import Notice, Unsupported
from tradewind_whatsapp.wire import Envelope, Loose, read, text_of

_ACCOUNT_KINDS = {
    "phone_number_quality_update": "number_quality",
    "phone_number_name_update": "number_name",
    "account_update": "account_update",
    "account_alerts": "account_alert",
    "account_review_update": "account_review",
    "business_capability_update": "account_limits",
    "business_username_update": "account_username",
    "security": "security",
    "flows": "form",
}


class _Rejection(msgspec.Struct):
    reason: Loose = None
    recommendation: Loose = None


class _OtherInfo(msgspec.Struct):
    title: Loose = None
    description: Loose = None
    rejection_info: _Rejection | None = None


class _Template(msgspec.Struct):
    """All template news. Where `rejection_info` sits differs within Meta's own pages."""

    message_template_id: Loose = None
    message_template_name: Loose = None
    message_template_language: Loose = None
    message_template_category: Loose = None
    event: Loose = None
    reason: Loose = None
    rejection_info: _Rejection | None = None
    other_info: _OtherInfo | None = None
    previous_category: Loose = None
    new_category: Loose = None
    correct_category: Loose = None
    category_update_timestamp: Loose = None
    previous_quality_score: Loose = None
    new_quality_score: Loose = None

    @property
    def kind(self) -> str:
        if self.new_quality_score is not None:
            return "template_quality"
        if self.new_category is not None:
            return "template_category"
        return "template_status" if self.event is not None else "template_components"

    @property
    def rejection(self) -> _Rejection:
        nested = self.other_info.rejection_info if self.other_info else None
        return self.rejection_info or nested or _Rejection()

    @property
    def values(self) -> dict[str, str]:
        """What is known, in the engine's names. Webhooks write `en-US`, the API `en_US`."""
        known = {
            "template_id": self.message_template_id,
            "name": self.message_template_name,
            "language": text_of(self.message_template_language).replace("-", "_"),
            "category": self.message_template_category or self.new_category,
            "status": self.event,
            "reason": None if self.reason == "NONE" else self.reason,
            "rejection": self.rejection.reason,
            "recommendation": self.rejection.recommendation,
            "description": self.other_info.description if self.other_info else None,
            "previous_category": self.previous_category,
            "next_category": self.correct_category,
            "next_category_at": self.category_update_timestamp,
            "previous_quality": self.previous_quality_score,
            "quality": self.new_quality_score,
        }
        return {key: text for key, value in known.items() if (text := text_of(value))}


class _Alert(msgspec.Struct):
    alert_description: Loose = None


class _Account(msgspec.Struct):
    event: Loose = None
    decision: Loose = None
    alert_info: _Alert | None = None


def news_of(envelope: Envelope) -> Notice | Unsupported:
    """The notice a change stands for; `Unsupported` for fields this version does not know."""
    template = read(envelope.data, _Template)
    if template and text_of(template.message_template_name):
        return _template_notice(template)
    kind = _ACCOUNT_KINDS.get(envelope.field)
    values = read(envelope.data, dict[str, Any])
    if kind is None or values is None:
        return Unsupported(kind=envelope.field or "unknown")
    return Notice(kind=kind, detail=_account_detail(envelope), values=values)


def _template_notice(template: _Template) -> Notice:
    values = template.values
    return Notice(kind=template.kind, detail=_template_detail(values), values=values)


def _template_detail(values: Mapping[str, str]) -> str:
    name = f"{values.get('name')} ({values.get('language', '?')})"
    telling = ("status", "quality", "next_category", "category")
    news = next((values[key] for key in telling if key in values), "changed")
    why = values.get("rejection") or values.get("description") or values.get("reason")
    return f"{name}: {news}" + (f", {why}" if why else "")


def _account_detail(envelope: Envelope) -> str:
    account = read(envelope.data, _Account) or _Account()
    alert = account.alert_info.alert_description if account.alert_info else None
    return text_of(alert) or text_of(account.event) or text_of(account.decision) or envelope.field
