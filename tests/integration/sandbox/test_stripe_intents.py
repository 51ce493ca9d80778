"""Payment intents as the official library sees them: paid, declined, authorized, called off."""

from typing import Any

import httpx
import pytest
import stripe

from tests.integration.sandbox.merchant import FIRST, RETURN, SECOND, Merchant, sample

PAID = ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]


async def test_an_intent_is_paid_and_looks_like_stripes_own(merchant: Merchant) -> None:
    made = await merchant.intent(description="Order 7", receipt_email="a@b.example")
    assert made.status == "requires_payment_method"
    assert made.client_secret.startswith(f"{made.id}_secret_")
    assert made.to_dict().keys() == sample("res-payment_intent").keys()
    paid = await merchant.v1.payment_intents.confirm_async(
        made.id,
        {
            "payment_method": "pm_card_visa",
            "return_url": RETURN,
            "expand": ["latest_charge.balance_transaction", "payment_method"],
        },
    )
    assert (paid.status, paid.amount_received, paid.amount_capturable) == ("succeeded", 1099, 0)
    charge = paid.latest_charge
    assert (charge.amount_captured, charge.amount_refunded, charge.paid) == (1099, 0, True)
    assert (charge.balance_transaction.amount, charge.balance_transaction.fee) == (1099, 61)
    assert paid.payment_method.card.last4 == "4242"
    assert sorted(await merchant.told()) == PAID


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("charge", "latest_charge"),
        ("payment_method", "payment_method"),
        ("balance_transaction", "latest_charge.balance_transaction"),
    ],
)
async def test_other_objects_have_the_keys_of_stripes_own(
    merchant: Merchant, kind: str, made: str
) -> None:
    found: Any = await merchant.paid(expand=[made])
    for name in made.split("."):
        found = getattr(found, name)
    extra = {"outcome", "refunds"}
    assert found.to_dict().keys() - extra == sample(f"res-{kind}").keys() - extra


async def test_a_browser_pays_with_the_secret_of_the_intent_alone(merchant: Merchant) -> None:
    made = await merchant.intent()
    browser = merchant.with_key(FIRST.publishable_key).v1.payment_intents
    with pytest.raises(stripe.InvalidRequestError):
        await browser.confirm_async(made.id, {"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.AuthenticationError):
        await browser.capture_async(made.id)
    form = {
        "key": FIRST.publishable_key,
        "client_secret": made.client_secret,
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": "4242 4242 4242 4242",
        "payment_method_data[card][exp_month]": "12",
        "payment_method_data[card][exp_year]": "34",
        "payment_method_data[card][cvc]": "123",
        "return_url": RETURN,
    }
    path = f"/stripe/v1/payment_intents/{made.id}"
    allowed = await merchant.world.client.options(f"{path}/confirm")
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    nobody = await merchant.world.client.post(f"{path}/confirm", data={**form, "key": "pk_test_x"})
    assert nobody.status_code == 401
    answer = await merchant.world.client.post(f"{path}/confirm", data=form)
    assert answer.json()["status"] == "succeeded"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    query = {"key": FIRST.publishable_key, "client_secret": made.client_secret}
    assert (await merchant.world.client.get(path, params=query)).json()["status"] == "succeeded"
    seen = await browser.retrieve_async(made.id, {"client_secret": made.client_secret})
    assert seen.status == "succeeded"


async def test_a_declined_card_leaves_the_intent_to_another_one(merchant: Merchant) -> None:
    made = await merchant.intent()
    with pytest.raises(stripe.CardError) as declined:
        await merchant.v1.payment_intents.confirm_async(
            made.id, {"payment_method": "pm_card_chargeDeclined", "return_url": RETURN}
        )
    error: Any = declined.value.error
    assert declined.value.http_status == 402
    assert (error.type, error.code, error.decline_code) == (
        "card_error",
        "card_declined",
        "generic_decline",
    )
    assert error.payment_intent.id == made.id
    again = await merchant.v1.payment_intents.retrieve_async(made.id)
    assert (again.status, again.payment_method) == ("requires_payment_method", None)
    like = sample("evt-payment_intent.payment_failed")["data"]["object"]["last_payment_error"]
    assert again.last_payment_error.to_dict().keys() == like.keys()
    assert "payment_intent.payment_failed" in await merchant.told()
    paid = await merchant.v1.payment_intents.confirm_async(
        made.id, {"payment_method": "pm_card_visa", "return_url": RETURN}
    )
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    charges = await merchant.v1.charges.list_async({"payment_intent": made.id})
    assert [one.status for one in charges.data] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
async def test_every_decline_has_its_code(
    merchant: Merchant, card: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        await merchant.paid(card)
    error: Any = declined.value.error
    assert (error.code, error.decline_code) == (code, decline_code)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4242424242424241", "incorrect_number"),
        ("4111111111111111", "card_declined"),
        ("none", "incorrect_number"),
    ],
)
async def test_a_number_of_no_test_card_is_refused(
    merchant: Merchant, number: str, code: str
) -> None:
    card = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034}}
    with pytest.raises(stripe.CardError) as refused:
        await merchant.v1.payment_methods.create_async(card)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("outcome", "status", "redirect"),
    [
        ("approve", "succeeded", "succeeded"),
        ("fail", "requires_payment_method", "failed"),
    ],
)
async def test_a_bank_may_ask_the_payer_first(
    merchant: Merchant, outcome: str, status: str, redirect: str
) -> None:
    asked = await merchant.paid("pm_card_authenticationRequired")
    assert asked.status == "requires_action"
    page = asked.next_action.redirect_to_url.url
    assert asked.next_action.redirect_to_url.return_url == RETURN
    assert "Approve" in (await merchant.world.client.get(page)).text
    back = await merchant.tells_bank(page, outcome)
    assert back.status_code == 303
    told = httpx.URL(back.headers["Location"]).params
    assert (told["order"], told["payment_intent"]) == ("7", asked.id)
    assert told["redirect_status"] == redirect
    assert (await merchant.v1.payment_intents.retrieve_async(asked.id)).status == status
    assert "payment_intent.requires_action" in await merchant.told()
    gone = await merchant.world.client.get(page.replace("client_secret=", "client_secret=x"))
    assert gone.status_code == 404


async def test_a_card_that_is_kept_pays_while_the_payer_is_away(merchant: Merchant) -> None:
    customer = await merchant.v1.customers.create_async({"email": "a@b.example"})
    away = {"customer": customer.id, "confirm": True, "off_session": True}
    with pytest.raises(stripe.CardError) as refused:
        await merchant.intent(payment_method="pm_card_authenticationRequiredOnSetup", **away)
    assert refused.value.code == "authentication_required"
    asked = await merchant.paid(
        "pm_card_authenticationRequiredOnSetup",
        customer=customer.id,
        setup_future_usage="off_session",
    )
    await merchant.tells_bank(asked.next_action.redirect_to_url.url, "approve")
    (kept,) = (await merchant.v1.customers.payment_methods.list_async(customer.id)).data
    assert (await merchant.intent(payment_method=kept.id, **away)).status == "succeeded"
    await merchant.v1.payment_methods.detach_async(kept.id)
    assert not (await merchant.v1.customers.payment_methods.list_async(customer.id)).data


async def test_an_authorization_is_captured_in_part_and_the_rest_let_go(
    merchant: Merchant,
) -> None:
    held = await merchant.paid(capture_method="manual", expand=["latest_charge"])
    assert (held.status, held.amount_capturable) == ("requires_capture", 1099)
    assert held.latest_charge.payment_method_details.card.capture_before == held.created + 7 * 86400
    capture = merchant.v1.payment_intents.capture_async
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await capture(held.id, {"amount_to_capture": 1100})
    assert refused.value.code == "amount_too_large"
    taken = await capture(held.id, {"amount_to_capture": 700, "expand": ["latest_charge"]})
    assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 700, 0)
    charge = taken.latest_charge
    assert (charge.amount_captured, charge.amount_refunded) == (700, 399)
    with pytest.raises(stripe.InvalidRequestError) as twice:
        await capture(held.id)
    assert twice.value.code == "payment_intent_unexpected_state"
    error: Any = twice.value.error
    assert error.payment_intent.status == "succeeded"
    assert {"payment_intent.amount_capturable_updated", "charge.captured"} <= {
        *await merchant.told()
    }


async def test_an_authorization_lapses_after_seven_days(merchant: Merchant) -> None:
    held = await merchant.paid(capture_method="manual")
    merchant.world.clock.advance(7 * 86400 - 1)
    assert (await merchant.v1.payment_intents.retrieve_async(held.id)).status == "requires_capture"
    merchant.world.clock.advance(1)
    gone = await merchant.v1.payment_intents.retrieve_async(held.id)
    assert (gone.status, gone.cancellation_reason) == ("canceled", "automatic")
    assert {"charge.expired", "payment_intent.canceled"} <= {*await merchant.told()}


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_capture"])
async def test_an_intent_is_called_off_unless_it_is_paid(merchant: Merchant, status: str) -> None:
    held = status == "requires_capture"
    made = await (merchant.paid(capture_method="manual") if held else merchant.intent())
    cancel = merchant.v1.payment_intents.cancel_async
    gone = await cancel(made.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "abandoned")
    for refused in (cancel(made.id), cancel((await merchant.paid()).id)):
        with pytest.raises(stripe.InvalidRequestError) as wrong:
            await refused
        assert wrong.value.code == "payment_intent_unexpected_state"


async def test_an_intent_is_changed_until_it_is_paid(merchant: Merchant) -> None:
    made = await merchant.intent(metadata={"a": "1", "b": "2"})
    update = merchant.v1.payment_intents.update_async
    new = await update(made.id, {"amount": 2000, "metadata": {"a": "", "c": "3"}})
    assert (new.amount, new.metadata.to_dict()) == (2000, {"b": "2", "c": "3"})
    assert (await update(made.id, {"metadata": ""})).metadata.to_dict() == {}
    paid = await merchant.paid()
    with pytest.raises(stripe.InvalidRequestError):
        await update(paid.id, {"amount": 1})


async def test_lists_go_page_by_page_and_stay_within_an_account(merchant: Merchant) -> None:
    made = [(await merchant.intent(amount=1000 + n)).id for n in range(5)]
    first = await merchant.v1.payment_intents.list_async({"limit": 2})
    assert ([one.id for one in first.data], first.has_more) == (made[:2:-1], True)
    assert [one.id async for one in first.auto_paging_iter()] == made[::-1]
    before = await merchant.v1.payment_intents.list_async({"ending_before": made[0], "limit": 1})
    assert ([one.id for one in before.data], before.has_more) == (made[1:2], True)
    other = merchant.with_key(SECOND.secret_key).v1.payment_intents
    assert not (await other.list_async()).data
    with pytest.raises(stripe.InvalidRequestError) as strange:
        await other.retrieve_async(made[0])
    assert (strange.value.http_status, strange.value.code) == (404, "resource_missing")


async def test_a_search_finds_what_is_a_minute_old(merchant: Merchant) -> None:
    made = await merchant.intent()
    await merchant.intent(metadata={"payment_id": "pay_2"})
    query = {"query": "metadata['payment_id']:'pay_1' AND status:'requires_payment_method'"}
    search = merchant.v1.payment_intents.search_async
    assert not (await search(query)).data
    merchant.world.clock.advance(60)
    assert [one.id for one in (await search(query)).data] == [made.id]
    with pytest.raises(stripe.InvalidRequestError):
        await search({"query": "nonsense"})


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": "ten"}, "parameter_invalid_integer", "amount"),
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"currency": "ugx", "amount": 1050}, None, "amount"),
        ({"currency": "kwd", "amount": 1001}, None, "amount"),
        ({"amonut": 1}, "parameter_unknown", "amonut"),
        (
            {"automatic_payment_methods": {"enabled": "x"}},
            None,
            "automatic_payment_methods[enabled]",
        ),
        ({"metadata": {"k" * 41: "v"}}, None, f"metadata[{'k' * 40}]"),
        ({"customer": "cus_none"}, "resource_missing", "customer"),
        ({"payment_method": "pm_none"}, "resource_missing", "payment_method"),
        ({"expand": ["status"]}, None, "expand"),
        ({"capture_method": "later"}, None, "capture_method"),
    ],
)
async def test_what_stripe_refuses_is_refused_with_its_words(
    merchant: Merchant, changes: dict[str, Any], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await merchant.intent(**changes)
    assert (refused.value.http_status, refused.value.code) == (400, code)
    assert refused.value.param == param
    assert str(refused.value.request_id).startswith("req_")


async def test_a_store_that_confirms_by_itself_says_where_the_payer_returns(
    merchant: Merchant,
) -> None:
    card: dict[str, Any] = {"confirm": True, "payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await merchant.intent(**card)
    assert refused.value.param == "return_url"
    never = {"enabled": True, "allow_redirects": "never"}
    paid = await merchant.intent(automatic_payment_methods=never, **card)
    assert paid.status == "succeeded"


@pytest.mark.parametrize("key", ["", "sk_test_wrong", FIRST.publishable_key])
async def test_a_key_opens_its_own_doors_alone(merchant: Merchant, key: str) -> None:
    answer = await merchant.world.client.get(
        "/stripe/v1/payment_intents", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_an_account_says_who_it_is_and_what_it_owns(merchant: Merchant) -> None:
    await merchant.paid()
    account = await merchant.v1.accounts.retrieve_current_async()
    assert (account.charges_enabled, account.country) == (True, "US")
    (owned,) = (await merchant.v1.balance.retrieve_async()).available
    assert (owned.currency, owned.amount) == ("usd", 1099 - 61)
    answer = await merchant.world.client.get("/stripe/v1/tax/rates", auth=(FIRST.secret_key, ""))
    assert answer.status_code == 404
    assert "Unrecognized request URL" in answer.json()["error"]["message"]
