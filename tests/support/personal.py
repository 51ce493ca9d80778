"""Which columns may say who somebody is, and which step of an erasure takes that out of each.

A column that can hold words stands in one of the two lists. Names of kinds and states, and what
the store's staff write about goods, are not about a shopper.
"""

from collections.abc import Mapping

Columns = Mapping[str, str]
"""The names of columns, by their table."""

_FORGETTING = "tradewind.erasure.queries.forgetting"

PERSONAL: Mapping[str, Columns] = {
    f"{_FORGETTING}.mark_erased": {
        "shop.customers": "name email phone locale country metadata provider_refs note",
    },
    f"{_FORGETTING}.forget_rows": {
        "control.sessions": "token_hash csrf_hash agent",
        "shop.addresses": "address",
        "shop.cart_lines": "metadata",
        "shop.conversations": "channel identity locale state mode labels",
        "shop.customer_identities": "channel identity phone name",
        "shop.disputes": "reason evidence",
        "shop.message_bodies": "body",
        "shop.message_refs": "channel ref",
        "shop.order_lines": "metadata",
        "shop.orders": "name email phone session_id shipping_address billing_address metadata",
        "shop.outbound_messages": "channel identity phone category reply_to dedupe_key state",
        "shop.payment_methods": "provider ref title",
        "shop.payment_sessions": "snapshot inputs action data",
        "shop.payments": "saved_method",
        "shop.promotion_shoppers": "shopper",
        "shop.refunds": "reason",
        "shop.returns": "reason",
        "shop.shipments": "tracking_number tracking_url",
        "shop.subscriptions": "shipping_address",
        "shop.unpaid_orders": "shopper address",
    },
    f"{_FORGETTING}.forget_contacts": {
        "shop.customer_channel_opt_in": "channel identity category source",
        "shop.one_time_codes": "channel identity",
    },
    f"{_FORGETTING}.forget_cases": {
        "shop.cases": "title evidence resolution",
    },
    f"{_FORGETTING}.forget_failures": {
        "shop.event_deliveries": "error",
        "shop.event_marks": "mark",
        "shop.plugin_settings": "failure_log quarantine_reason",
    },
    f"{_FORGETTING}.forget_traffic": {
        "control.jobs": "dedupe_key payload error",
        "control.live_messages": "data",
        "control.webhook_inbox": "lane dedupe_key body error",
        "control.webhook_keys": "dedupe_key",
    },
    f"{_FORGETTING}.forget_history": {
        "shop.audit_log": "detail",
        "shop.credit_entries": "note",
        "shop.events": "payload",
        "shop.message_statuses": "provider_ref error",
        "shop.messaging_log": "identity reply_to",
        "shop.order_events": "detail note",
    },
    f"{_FORGETTING}.forget_answers": {
        "shop.idempotency_keys": "response_body",
    },
    "tradewind.media.queries.delete_received": {
        "shop.media": "name digest key",
    },
    "tradewind.carts.keeping.queries.anonymize": {
        "shop.carts": ("session_id email phone shipping_address billing_address metadata notes"),
    },
    "tradewind.inventory.queries.release_holds": {
        "shop.stock_reservations": "shopper_key network_address",
    },
}
"""By the function that does it."""

IMPERSONAL: Columns = {
    "control.accounts": "email name password_hash second_factor",
    "control.api_keys": "kind key_hash hint title role origins",
    "control.business_channel_settings": "plugin address settings",
    "control.jobs": "kind state",
    "control.live_messages": "topic",
    "control.outbox_pointers": "type",
    "control.schedules": "name",
    "control.sessions": "kind",
    "control.stores": "slug name",
    "control.webhook_inbox": "plugin address state",
    "control.webhook_keys": "plugin scope",
    "shop.audit_log": "actor action subject_type subject_id network_address",
    "shop.captures": "request_id operation_id status currency code actor",
    "shop.carts": "currency source locale shipping_method codes status quote_flags",
    "shop.cases": (
        "kind state dedupe_key subject_type subject_id currency actions assigned_to closed_by"
    ),
    "shop.categories": "name handle",
    "shop.credit_entries": "reason actor",
    "shop.disputes": "provider_ref status currency",
    "shop.event_deliveries": "type subscriber state",
    "shop.event_marks": "subscriber",
    "shop.events": "type aggregate",
    "shop.feature_flags": "name",
    "shop.foreign_pictures": "url url_key state address error",
    "shop.idempotency_keys": "credential key fingerprint",
    "shop.import_chunks": "data",
    "shop.import_errors": "place code message",
    "shop.imports": "kind state via file_name fingerprint actor error",
    "shop.inventory_levels": "sku",
    "shop.ledger_accounts": "code currency",
    "shop.ledger_transfers": "currency kind dedupe_key",
    "shop.line_adjustments": "kind source code title reference",
    "shop.media": "kind content_type variants",
    "shop.message_keys": "dedupe_key",
    "shop.message_statuses": "status error_code pricing",
    "shop.message_templates": (
        "channel name language category purpose status body components provider_ref reason"
    ),
    "shop.messaging_log": "channel direction kind category cause author",
    "shop.one_time_codes": "code_hash",
    "shop.order_events": "type actor",
    "shop.order_lines": "sku title kind options tax_class",
    "shop.orders": (
        "source status payment_status fulfillment_status currency locale "
        "shipping_method codes quote_flags"
    ),
    "shop.payment_facts": "kind object_id status currency code source",
    "shop.payment_sessions": "provider method flow intent status currency",
    "shop.payments": "provider method intent status currency operation_id provider_ref error_code",
    "shop.plugin_settings": "plugin settings",
    "shop.prices": "currency",
    "shop.product_files": "title",
    "shop.product_search": "words",
    "shop.products": "title handle description kind status images options metadata",
    "shop.promotions": "code title kind currency rules",
    "shop.refunds": (
        "operation_id provider_ref status currency lines actor request_id object_id code"
    ),
    "shop.regions": "name currency countries rounding",
    "shop.returns": "status lines",
    "shop.search_words": "word",
    "shop.shipments": "status carrier lines",
    "shop.shipping_options": "name estimate rules",
    "shop.stock_locations": "name",
    "shop.stock_movements": "kind reason actor",
    "shop.store_members": "role",
    "shop.store_settings": "currency locale time_zone email risk_on_failure retention",
    "shop.subscriptions": "status interval_unit currency lines",
    "shop.tax_rates": "name tax_class province country_code postal_prefix",
    "shop.variants": "sku title options tax_class image metadata",
    "shop.webhook_endpoints": "url event_types secrets",
}
"""Where no word of a shopper can stand."""
