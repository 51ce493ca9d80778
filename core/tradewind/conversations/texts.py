"""Every word the shop says in a conversation, by language, and the words it understands.

A further language is one more `Language` in `LANGUAGES`; what it leaves out is said in English.
Texts with a number end in `.one` and `.other` (or what the language's `plural` names).
"""

from collections.abc import Callable, Mapping

import msgspec

from tradewind.contracts.money import Money


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """One language: its texts, phrases that mean a command, single words, plural forms."""

    texts: Mapping[str, str]
    aliases: Mapping[str, str]
    greetings: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    plural: Callable[[int], str]


def _one_or_other(n: int) -> str:
    return "one" if n == 1 else "other"


_ENGLISH = {
    # buttons and rows: at most 20 characters on a button
    "button.browse": "Browse products",
    "button.cart": "View cart",
    "button.orders": "My orders",
    "button.help": "Help",
    "button.menu": "Menu",
    "button.add": "Add to cart",
    "button.options": "Choose option",
    "button.checkout": "Checkout",
    "button.resume": "Continue checkout",
    "button.keep_shopping": "Keep shopping",
    "button.change": "Change",
    "button.one_more": "One more",
    "button.one_less": "One less",
    "button.remove": "Remove",
    "button.use_saved": "Use this address",
    "button.new_address": "New address",
    "button.use_name": "Use this name",
    "button.confirm": "Confirm order",
    "button.cancel": "Cancel",
    "button.track": "Track order",
    "button.pay_online": "Pay online",
    "button.another_way": "Another way",
    "button.try_again": "Try again",
    "button.call_off": "Cancel order",
    "row.more": "More…",
    "row.all": "All products",
    "row.clear": "Empty the cart",
    "label.categories": "Categories",
    "label.products": "Products",
    "label.options": "Options",
    "label.lines": "Items",
    "label.countries": "Countries",
    "label.delivery": "Delivery",
    "label.payment": "Payment",
    "label.choices": "Choose",
    "label.change": "Change",
    "label.orders": "Orders",
    "footer.browse": "MENU: categories · CART: your cart",
    # home
    "home.welcome": "Welcome to {store}! You can browse our products and order right here in this "
    "chat.\n\nType what you are looking for, or HELP for everything I can do.",
    "home.hello": "Hello! What would you like to do?\n\nType what you are looking for, or HELP "
    "for everything I can do.",
    "home.unfinished": "Your checkout is waiting where you left it.",
    "home.help": "This is what you can type, at any time:\n\n"
    "MENU: see what we sell\n"
    "ADD TEA-500 2: put 2 of item TEA-500 in your cart\n"
    "REMOVE TEA-500: take it out again\n"
    "CART: see your cart\n"
    "CHECKOUT: order what is in your cart\n"
    "STATUS: your latest orders\n"
    "TRACK 1001: where order 1001 is\n"
    "STOP: no more messages from us\n"
    "START: hear from us again\n\n"
    "Or type what you are looking for, for example: tea",
    "home.help_open": "You are in the middle of a checkout. Just answer the last question, or "
    "type CHECKOUT to see it again.",
    "home.stopped": "You will not get any more messages from {store}. Type START if you change "
    "your mind.",
    "home.started": "Good to have you back! {store} will answer you here again.",
    "home.hint": "Sorry, I did not understand that. Type what you are looking for, for example: "
    "tea. Or choose:",
    "home.media": "Sorry, I can only read text here. Type what you are looking for, or choose:",
    "home.thanks": "Thank you! What would you like to do next?",
    "home.gone": "Sorry, that is no longer available. What would you like to do?",
    "home.refused": "Sorry, that did not work. Please try again, or type HELP.",
    # browsing
    "browse.categories": "What are you looking for? Choose a category, or type a word to search.",
    "browse.products": "{title}\n\nChoose a product to see it.",
    "browse.found": "This is what I found for “{query}”.",
    "browse.none": "There is nothing here yet.",
    "browse.not_found": "I found nothing for “{query}”. Try another word, or browse:",
    "browse.section_products": "Products",
    "browse.products_count.one": "{n} product",
    "browse.products_count.other": "{n} products",
    "browse.from": "from {price}",
    "browse.price": "Price: {price}",
    "browse.item": "Item: {sku}",
    "browse.option": "{title}: {price} ({sku})",
    "browse.more_options": "… and {n} more",
    "browse.options": "{title}: which one would you like?",
    "stock.available": "In stock",
    "stock.few.one": "Only {n} left",
    "stock.few.other": "Only {n} left",
    "stock.backorder": "On back-order",
    "stock.sold_out": "Sold out",
    "stock.no_price": "Not on sale",
    # cart
    "cart.added": "Added: {quantity} × {title}",
    "cart.removed": "Removed: {title}",
    "cart.changed": "Changed: {quantity} × {title}",
    "cart.title.one": "Your cart, {n} item:",
    "cart.title.other": "Your cart, {n} items:",
    "cart.line": "{quantity} × {title}: {total}",
    "cart.gone": "{title}: no longer on sale, please remove it",
    "cart.more": "… and {n} more",
    "cart.subtotal": "Subtotal: {amount}",
    "cart.empty": "Your cart is empty.",
    "cart.cleared": "Your cart is empty now.",
    "cart.which": "Which item would you like to change?",
    "cart.line_actions": "{quantity} × {title}: {total}\n\nFor another quantity type for example: "
    "ADD {sku} 5",
    "cart.each": "{quantity} × {price}",
    "cart.not_in": "{sku} is not in your cart.",
    "cart.unknown": "I do not know an item {sku}.",
    "cart.similar": "Did you mean one of these?",
    "cart.left.one": "Sorry, only {n} of {sku} is left.",
    "cart.left.other": "Sorry, only {n} of {sku} are left.",
    "cart.left_none": "Sorry, {sku} is sold out.",
    "cart.usage_add": "To put something in your cart, type ADD, the item and how many. "
    "For example: ADD TEA-500 2",
    "cart.usage_quantity": "How many? Type a whole number from 1 to {most}. For example: "
    "ADD {sku} 2",
    "cart.usage_remove": "To take something out of your cart, type REMOVE and the item. "
    "For example: REMOVE TEA-500",
    # checkout
    "ask.name": "What is your full name?",
    "ask.name_known": "What is your full name? May we use “{name}”?",
    "ask.email": "What is your e-mail address?",
    "ask.saved": "Deliver to this address?\n\n{address}\n\nOr type another street and house "
    "number.",
    "ask.street": "Where shall we deliver? Type the street and house number.",
    "ask.street_or_pin": "Where shall we deliver? Type the street and house number. You can also "
    "share your location.",
    "ask.street_after_pin": "Thank you, we have your location. What are the street and house "
    "number there?",
    "ask.city": "Which town or city?",
    "ask.city_postcode": "Which town or city? Add the postal code if you know it.",
    "ask.city_us": "Which city, state and ZIP code? For example: Portland, OR 97205",
    "ask.country": "Which country?",
    "ask.delivery": "How would you like to get your order?",
    "ask.payment": "How would you like to pay?",
    "ask.phone": "Which phone number will pay?",
    "ask.phone_like": "Which phone number will pay? Type it like {example}.",
    "ask.choice": "{title}: please choose.",
    "ask.text": "{title}: please type it.",
    "ask.fix": "What would you like to change?",
    "wrong.name": "Please type your name, at most {most} characters.",
    "wrong.email": "That does not look like an e-mail address. It should look like "
    "jane@example.com.",
    "wrong.street": "Please type the street and house number, at most {most} characters.",
    "wrong.city": "Please type just the name of the town or city.",
    "wrong.country": "Sorry, we do not deliver there. Please choose a country:",
    "wrong.delivery": "Please choose one of these ways of delivery:",
    "wrong.payment": "Please choose one of these ways to pay:",
    "wrong.phone": "That does not look like a phone number.",
    "wrong.choice": "Please choose one of these:",
    "wrong.text": "Please type at most {most} characters.",
    "wrong.fix": "Please choose what you would like to change:",
    "wrong.review": "Please confirm your order, or change it:",
    "review.title": "Please check your order:",
    "review.subtotal": "Subtotal: {amount}",
    "review.discount": "Discount: -{amount}",
    "review.delivery": "Delivery ({name}): {amount}",
    "review.delivery_estimate": "Delivery ({name}, {estimate}): {amount}",
    "review.free": "free",
    "review.tax": "Tax: {amount}",
    "review.tax_included": "Included tax: {amount}",
    "review.total": "Total: {amount}",
    "review.payment": "Payment: {title}",
    "review.input": "{title}: {answer}",
    "review.nothing": "nothing to pay",
    "review.for": "For: {name}, {email}",
    "review.to": "To: {address}",
    "review.changed": "Something has changed meanwhile. These are the new figures:",
    "fix.name": "Name",
    "fix.email": "E-mail",
    "fix.address": "Address",
    "fix.delivery": "Delivery",
    "fix.payment": "Payment",
    "fix.cart": "Cart",
    "checkout.not_sellable": "Please remove what is no longer on sale first.",
    "checkout.no_delivery": "Sorry, we do not deliver your order to this address:\n\n{address}",
    "checkout.no_payment": "Sorry, there is no way to pay for this order here at the moment. "
    "Your cart is kept.",
    "checkout.canceled": "Nothing was ordered. Your cart is kept.",
    "checkout.stale": "That summary is out of date.",
    "checkout.refused": "Sorry, the order could not be placed: {reason} Your cart is kept.",
    "checkout.already": "Order {number} is placed already.",
    "checkout.placed": "Thank you, {name}! Your order {number} is placed.",
    "checkout.placed_total": "Total: {amount}",
    "checkout.placed_payment": "Payment: {title}",
    "checkout.placed_to": "We deliver to: {address}",
    "checkout.next": "We will tell you here when it is on its way. Type TRACK {number} at any "
    "time.",
    # an order that waits for its money
    "pay.waits": "Your order {number} is waiting for its payment.",
    "pay.until": "Please pay by {time}.",
    "pay.online": "Tap “Pay online”; we will tell you here once your payment has arrived.",
    "pay.or": "Or choose:",
    "pay.on_phone": "Check your phone: {how}",
    "pay.failed": "The payment did not go through: {reason}.",
    "pay.unreached": "We could not reach the payment service. If you are asked to approve a "
    "payment all the same, it will count.",
    "pay.refused": "Sorry, you cannot pay this way at the moment.",
    "pay.no_way": "Sorry, there is no other way to pay for this order at the moment.",
    "pay.placed": "Thank you! Your order {number} is placed.",
    "pay.already": "Order {number} is paid already.",
    "pay.not_canceled": "Sorry, the order could not be canceled just now. Please try again.",
    # why a payment did not go through: ends a sentence
    "failed.canceled": "it was canceled",
    "failed.customer_canceled": "you canceled it",
    "failed.declined": "it was declined",
    "failed.expired": "it was not completed in time",
    "failed.insufficient_funds": "there was not enough money in the account",
    "failed.other": "the payment service did not accept it",
    "failed.timeout": "it was not approved in time",
    "failed.wrong_pin": "the PIN was wrong",
    # orders
    "order.none": "You have no orders yet.",
    "order.latest": "Your latest orders:",
    "order.line": "{number} · {date} · {total} · {state}",
    "order.unknown": "I found no order {number} of yours.",
    "order.usage": "To follow an order, type TRACK and its number. For example: TRACK 1001",
    "order.title": "Order {number} of {date}",
    "order.state": "Status: {state}",
    "order.paid": "Payment: {state}",
    "order.total": "Total: {amount}",
    "order.to": "Delivery to: {address}",
    "status.draft": "being prepared",
    "status.pending": "waiting for payment",
    "status.failed": "payment failed",
    "status.processing": "being prepared",
    "status.completed": "completed",
    "status.canceled": "canceled",
    "status.expired": "expired",
    "payment.awaiting": "not paid yet",
    "payment.authorized": "authorized",
    "payment.partially_paid": "partly paid",
    "payment.paid": "paid",
    "payment.partially_refunded": "partly refunded",
    "payment.refunded": "refunded",
    "payment.failed": "failed",
    "fulfillment.partially_fulfilled": "partly packed",
    "fulfillment.fulfilled": "packed",
    "fulfillment.shipped": "on its way",
    "fulfillment.delivered": "delivered",
    "fulfillment.returned": "returned",
    # notices
    "notice.paid": "Thank you! We received {amount} for your order {number}.",
    "notice.confirmed": "Payment received: {amount}. Your order {number} is confirmed. Thank you!",
    "notice.placed": "Your order {number} is confirmed. Thank you!",
    "notice.paid_late": "We received {amount} for your order {number}, which was called off "
    "before. The shop will give the money back to you.",
    "notice.paid_twice": "We received another {amount} for your order {number}, which was paid "
    "already. The shop will give the money back to you.",
    "notice.failed": "The payment for your order {number} did not go through: {reason}. The order "
    "still waits for you.",
    "notice.unseen": "We have not seen your approval of the payment for order {number} yet. If you "
    "approve it now, that is fine. You can also try again or pay in another way.",
    "notice.refunded": "We gave {amount} back to you for your order {number}.",
    "notice.canceled": "Your order {number} was canceled.",
    "notice.expired": "Your order {number} expired because it was not paid in time. Type MENU "
    "to order again.",
    "notice.shipped": "Your order {number} is on its way.",
    "notice.delivered": "Your order {number} was delivered. Enjoy!",
}

_ENGLISH_ALIASES = {
    "basket": "cart",
    "browse": "menu",
    "buy": "checkout",
    "buy now": "checkout",
    "catalog": "menu",
    "catalogue": "menu",
    "categories": "menu",
    "commands": "help",
    "order": "checkout",
    "order now": "checkout",
    "order status": "status",
    "orders": "status",
    "pay": "checkout",
    "pay now": "checkout",
    "products": "menu",
    "shop": "menu",
    "stop all": "stop",
    "subscribe": "start",
    "my orders": "status",
    "place order": "checkout",
    "track my order": "status",
    "where is my order": "status",
}

_ENGLISH_GREETINGS = frozenset(
    (
        *("hi", "hello", "hey", "hi there", "hello there", "hey there", "hallo", "greetings"),
        *("good morning", "good afternoon", "good evening", "good day", "morning"),
    )
)

ENGLISH = Language(
    texts=_ENGLISH,
    aliases=_ENGLISH_ALIASES,
    greetings=_ENGLISH_GREETINGS,
    yes=frozenset(("yes", "y", "ok", "okay", "confirm", "sure", "yes please")),
    no=frozenset(("no", "n", "cancel", "no thanks", "no thank you")),
    plural=_one_or_other,
)

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH}


class Words:
    """The texts of one language, filled in. An unknown locale speaks English."""

    def __init__(self, locale: str) -> None:
        self.language = LANGUAGES.get(locale.replace("_", "-").split("-")[0].lower(), ENGLISH)

    def __call__(self, key: str, /, **values: object) -> str:
        """A text with its values. Raises KeyError for a key that no language has."""
        return self.raw(key).format(**values) if values else self.raw(key)

    def count(self, key: str, n: int, /, **values: object) -> str:
        """A text with a number, which it may show as `{n}`."""
        return self(f"{key}.{self.language.plural(n)}", n=n, **values)

    def raw(self, key: str, /) -> str:
        """A text with its placeholders."""
        return self.language.texts.get(key) or _ENGLISH[key]

    def known(self, key: str, otherwise: str) -> str:
        """A text that may not exist, such as the name of a state of tomorrow."""
        return self.language.texts.get(key) or _ENGLISH.get(key) or otherwise

    def reason(self, code: str) -> str:
        """Why a payment did not go through, to end a sentence with."""
        return self.known(f"failed.{code}", self("failed.other"))

    def money(self, amount: int, currency: str) -> str:
        """An amount in minor units, for people."""
        return Money(amount, currency).text()
