"""Every word of the letters, by language.

A further language is one more table in `LANGUAGES`; a test sees to it that all have the same keys
and placeholders.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

_ENGLISH = {
    "confirmation.subject": "Your order {number} at {store}",
    "confirmation.heading": "Thank you for your order!",
    "confirmation.text": "We have received your order {number}. These are its details.",
    "receipt.subject": "Receipt for order {number} at {store}",
    "receipt.heading": "We have received your payment",
    "receipt.text": "Thank you! {amount} for order {number} arrived on {date}.",
    "refund.subject": "Refund for order {number} at {store}",
    "refund.heading": "Your money is on its way back",
    "refund.text": "We have sent {amount} back to you for order {number}. Depending on your bank "
    "or provider it can take a few days to arrive.",
    "payment_failed.subject": "Your payment for order {number} at {store} did not go through",
    "payment_failed.heading": "Your payment did not go through",
    "payment_failed.text": "{amount} for order {number} did not reach us. Your order is kept: "
    "you can try again, also in another way.",
    "payment_failed.until": "It is kept for you until {date}.",
    "canceled.subject": "Order {number} at {store} was canceled",
    "canceled.heading": "Your order was canceled",
    "canceled.text": "Order {number} was canceled and will not be delivered.",
    "expired.subject": "Order {number} at {store} has expired",
    "expired.heading": "Your order has expired",
    "expired.text": "Order {number} was not paid in time, so it has expired and will not be "
    "delivered. You are welcome to order again.",
    "shipped.subject": "Order {number} from {store} is on its way",
    "shipped.heading": "Your order is on its way",
    "shipped.text": "We have sent order {number} to you.",
    "downloads.subject": "Your files from {store}: order {number}",
    "downloads.heading": "Your files are ready",
    "downloads.text": "Thank you for buying at {store}! The files of order {number} can be fetched "
    "here. The links are meant for you alone.",
    "downloads.until": "Until {date}",
    "button.download": "Download",
    "delivered.subject": "Order {number} from {store} was delivered",
    "delivered.heading": "Your order has arrived",
    "delivered.text": "Order {number} was delivered. Thank you for buying at {store}!",
    "code.subject": "Your sign-in code for {store}",
    "code.heading": "Your sign-in code",
    "code.text": "Enter the code below to sign in at {store}.",
    "code.note": "It is valid for {minutes} minutes and can be used once. Tell it to nobody: "
    "{store} will never ask you for it. If you did not want to sign in, there is nothing to do.",
    "code.footer": "{store} wrote to you because somebody entered this address to sign in.",
    "code.chat": "{code} is your sign-in code for {store}. It is valid for {minutes} minutes. Tell "
    "it to nobody.",
    "hello": "Hello {name},",
    "order": "Order {number} of {date}",
    "line": "{quantity} × {price}",
    "total.subtotal": "Subtotal",
    "total.discount": "Discount",
    "total.delivery": "Delivery",
    "total.free": "free",
    "total.tax": "Tax",
    "total.total": "Total",
    "total.tax_included": "Tax included",
    "total.paid": "Paid",
    "total.refunded": "Refunded",
    "total.due": "Still to pay",
    "section.payment": "Payment",
    "section.agreed": "Agreed",
    "section.delivery": "Delivery",
    "section.address": "Delivery address",
    "section.parcel": "Parcel",
    "payment.paid": "{amount} paid",
    "payment.authorized": "{amount} is set aside and is taken later",
    "payment.due": "{amount} to pay",
    "method.bank_transfer": "Bank transfer",
    "method.card": "Card",
    "method.cash_on_delivery": "Cash on delivery",
    "method.hosted": "Online payment",
    "method.merchant": "Confirmed by the shop",
    "method.mobile_money": "Mobile money",
    "method.mpesa": "M-Pesa",
    "button.order": "See your order",
    "button.pay": "Pay now",
    "button.track": "Track the parcel",
    "footer": "{store} wrote to you because this address was given with order {number}.",
    "date": "{day} {month} {year}, {time}",
    "months": "January February March April May June July August September October November "
    "December",
}

_SWAHILI = {
    "confirmation.subject": "Oda yako {number} kwa {store}",
    "confirmation.heading": "Asante kwa oda yako!",
    "confirmation.text": "Tumepokea oda yako {number}. Haya ndiyo maelezo yake.",
    "receipt.subject": "Risiti ya oda {number} kwa {store}",
    "receipt.heading": "Tumepokea malipo yako",
    "receipt.text": "Asante! {amount} kwa oda {number} yamefika tarehe {date}.",
    "refund.subject": "Marejesho ya oda {number} kwa {store}",
    "refund.heading": "Pesa zako zinarudi",
    "refund.text": "Tumekurudishia {amount} kwa oda {number}. Kulingana na benki au mtoa huduma "
    "wako, inaweza kuchukua siku chache kufika.",
    "payment_failed.subject": "Malipo ya oda {number} kwa {store} hayakufanikiwa",
    "payment_failed.heading": "Malipo yako hayakufanikiwa",
    "payment_failed.text": "{amount} kwa oda {number} hayajatufikia. Oda yako imehifadhiwa: "
    "unaweza kujaribu tena, hata kwa njia nyingine.",
    "payment_failed.until": "Imehifadhiwa kwa ajili yako hadi {date}.",
    "canceled.subject": "Oda {number} kwa {store} imeghairiwa",
    "canceled.heading": "Oda yako imeghairiwa",
    "canceled.text": "Oda {number} imeghairiwa na haitaletwa.",
    "expired.subject": "Muda wa oda {number} kwa {store} umeisha",
    "expired.heading": "Muda wa oda yako umeisha",
    "expired.text": "Oda {number} haikulipwa kwa wakati, kwa hiyo muda wake umeisha na haitaletwa. "
    "Karibu uagize tena.",
    "shipped.subject": "Oda {number} kutoka {store} iko njiani",
    "shipped.heading": "Oda yako iko njiani",
    "shipped.text": "Tumekutumia oda {number}.",
    "downloads.subject": "Faili zako kutoka {store}: oda {number}",
    "downloads.heading": "Faili zako ziko tayari",
    "downloads.text": "Asante kwa kununua kwa {store}! Faili za oda {number} zinapatikana hapa. "
    "Viungo hivi ni vyako peke yako.",
    "downloads.until": "Hadi {date}",
    "button.download": "Pakua",
    "delivered.subject": "Oda {number} kutoka {store} imefikishwa",
    "delivered.heading": "Oda yako imefika",
    "delivered.text": "Oda {number} imefikishwa. Asante kwa kununua kwa {store}!",
    "code.subject": "Msimbo wako wa kuingia kwa {store}",
    "code.heading": "Msimbo wako wa kuingia",
    "code.text": "Weka msimbo ulio hapa chini ili kuingia kwa {store}.",
    "code.note": "Unatumika kwa dakika {minutes} na mara moja tu. Usimwambie mtu yeyote: {store} "
    "haitakuuliza kamwe. Kama hukutaka kuingia, hakuna unachohitaji kufanya.",
    "code.footer": "{store} imekuandikia kwa sababu mtu ameweka anwani hii ili kuingia.",
    "code.chat": "{code} ni msimbo wako wa kuingia kwa {store}. Unatumika kwa dakika {minutes}. "
    "Usimwambie mtu yeyote.",
    "hello": "Habari {name},",
    "order": "Oda {number} ya {date}",
    "line": "{quantity} × {price}",
    "total.subtotal": "Jumla ndogo",
    "total.discount": "Punguzo",
    "total.delivery": "Usafirishaji",
    "total.free": "bure",
    "total.tax": "Kodi",
    "total.total": "Jumla",
    "total.tax_included": "Kodi iliyojumuishwa",
    "total.paid": "Imelipwa",
    "total.refunded": "Imerejeshwa",
    "total.due": "Bado kulipwa",
    "section.payment": "Malipo",
    "section.agreed": "Makubaliano",
    "section.delivery": "Usafirishaji",
    "section.address": "Anwani ya kupelekewa",
    "section.parcel": "Kifurushi",
    "payment.paid": "{amount} imelipwa",
    "payment.authorized": "{amount} imetengwa na itachukuliwa baadaye",
    "payment.due": "{amount} ya kulipa",
    "method.bank_transfer": "Uhamisho wa benki",
    "method.card": "Kadi",
    "method.cash_on_delivery": "Lipa unapopokea",
    "method.hosted": "Malipo mtandaoni",
    "method.merchant": "Imethibitishwa na duka",
    "method.mobile_money": "Pesa kwa simu",
    "method.mpesa": "M-Pesa",
    "button.order": "Tazama oda yako",
    "button.pay": "Lipa sasa",
    "button.track": "Fuatilia kifurushi",
    "footer": "{store} imekuandikia kwa sababu anwani hii ilitolewa pamoja na oda {number}.",
    "date": "{day} {month} {year}, {time}",
    "months": "Januari Februari Machi Aprili Mei Juni Julai Agosti Septemba Oktoba Novemba Desemba",
}

_FRENCH = {
    "confirmation.subject": "Votre commande {number} chez {store}",
    "confirmation.heading": "Merci pour votre commande !",
    "confirmation.text": "Nous avons bien reçu votre commande {number}. En voici le détail.",
    "receipt.subject": "Reçu de la commande {number} chez {store}",
    "receipt.heading": "Nous avons reçu votre paiement",
    "receipt.text": "Merci ! {amount} pour la commande {number} nous sont parvenus le {date}.",
    "refund.subject": "Remboursement de la commande {number} chez {store}",
    "refund.heading": "Votre argent vous revient",
    "refund.text": "Nous vous avons remboursé {amount} pour la commande {number}. Selon votre "
    "banque ou votre opérateur, cela peut prendre quelques jours.",
    "payment_failed.subject": "Le paiement de la commande {number} chez {store} n’a pas abouti",
    "payment_failed.heading": "Votre paiement n’a pas abouti",
    "payment_failed.text": "{amount} pour la commande {number} ne nous sont pas parvenus. Votre "
    "commande est conservée : vous pouvez réessayer, aussi d’une autre manière.",
    "payment_failed.until": "Elle est conservée pour vous jusqu’au {date}.",
    "canceled.subject": "La commande {number} chez {store} a été annulée",
    "canceled.heading": "Votre commande a été annulée",
    "canceled.text": "La commande {number} a été annulée et ne sera pas livrée.",
    "expired.subject": "La commande {number} chez {store} a expiré",
    "expired.heading": "Votre commande a expiré",
    "expired.text": "La commande {number} n’a pas été payée à temps ; elle a donc expiré et ne "
    "sera pas livrée. Vous pouvez commander à nouveau.",
    "shipped.subject": "La commande {number} de {store} est en route",
    "shipped.heading": "Votre commande est en route",
    "shipped.text": "Nous vous avons expédié la commande {number}.",
    "downloads.subject": "Vos fichiers de {store} : commande {number}",
    "downloads.heading": "Vos fichiers sont prêts",
    "downloads.text": "Merci d’avoir acheté chez {store} ! Voici les fichiers de la commande "
    "{number}. Ces liens ne sont destinés qu’à vous.",
    "downloads.until": "Jusqu’au {date}",
    "button.download": "Télécharger",
    "delivered.subject": "La commande {number} de {store} a été livrée",
    "delivered.heading": "Votre commande est arrivée",
    "delivered.text": "La commande {number} a été livrée. Merci d’avoir acheté chez {store} !",
    "code.subject": "Votre code de connexion pour {store}",
    "code.heading": "Votre code de connexion",
    "code.text": "Saisissez le code ci-dessous pour vous connecter chez {store}.",
    "code.note": "Il est valable {minutes} minutes et une seule fois. Ne le donnez à personne : "
    "{store} ne vous le demandera jamais. Si vous ne vouliez pas vous connecter, il n’y a rien à "
    "faire.",
    "code.footer": "{store} vous écrit parce que quelqu’un a saisi cette adresse pour se "
    "connecter.",
    "code.chat": "{code} est votre code de connexion pour {store}. Il est valable {minutes} "
    "minutes. Ne le donnez à personne.",
    "hello": "Bonjour {name},",
    "order": "Commande {number} du {date}",
    "line": "{quantity} × {price}",
    "total.subtotal": "Sous-total",
    "total.discount": "Remise",
    "total.delivery": "Livraison",
    "total.free": "gratuite",
    "total.tax": "Taxes",
    "total.total": "Total",
    "total.tax_included": "Taxes comprises",
    "total.paid": "Payé",
    "total.refunded": "Remboursé",
    "total.due": "Reste à payer",
    "section.payment": "Paiement",
    "section.agreed": "Convenu",
    "section.delivery": "Livraison",
    "section.address": "Adresse de livraison",
    "section.parcel": "Colis",
    "payment.paid": "{amount} payés",
    "payment.authorized": "{amount} sont réservés et seront prélevés plus tard",
    "payment.due": "{amount} à payer",
    "method.bank_transfer": "Virement bancaire",
    "method.card": "Carte",
    "method.cash_on_delivery": "Paiement à la livraison",
    "method.hosted": "Paiement en ligne",
    "method.merchant": "Confirmé par la boutique",
    "method.mobile_money": "Mobile money",
    "method.mpesa": "M-Pesa",
    "button.order": "Voir votre commande",
    "button.pay": "Payer maintenant",
    "button.track": "Suivre le colis",
    "footer": "{store} vous a écrit parce que cette adresse a été donnée avec la commande "
    "{number}.",
    "date": "{day} {month} {year}, {time}",
    "months": "janvier février mars avril mai juin juillet août septembre octobre novembre "
    "décembre",
}

LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": _ENGLISH,
    "sw": _SWAHILI,
    "fr": _FRENCH,
}


class Phrases:
    """The texts of the first of some locales that letters are written in; English otherwise."""

    def __init__(self, *locales: str) -> None:
        spoken = [locale.replace("_", "-").split("-")[0].lower() for locale in locales]
        self.code = next((code for code in spoken if code in LANGUAGES), "en")
        self._texts = LANGUAGES[self.code]

    def __call__(self, key: str, /, **values: object) -> str:
        """A text with its values. Raises KeyError for a key that there is not."""
        return self._texts[key].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """A text that may not exist, such as the name of a way to pay."""
        return self._texts.get(key, otherwise)

    def date(self, moment: datetime, time_zone: str) -> str:
        """A moment as people at a place write it."""
        there = moment.astimezone(ZoneInfo(time_zone))
        return self(
            "date",
            day=there.day,
            month=self._texts["months"].split()[there.month - 1],
            year=there.year,
            time=f"{there:%H:%M}",
        )
