"""The chat in French."""

from tradewind.conversations.texts.language import Language, none_or_one

_TEXTS = {
    # buttons and rows: at most 20 characters on a button
    "button.browse": "Voir les produits",
    "button.cart": "Voir le panier",
    "button.orders": "Mes commandes",
    "button.help": "Aide",
    "button.menu": "Menu",
    "button.add": "Ajouter au panier",
    "button.options": "Choisir l’option",
    "button.checkout": "Commander",
    "button.resume": "Continuer",
    "button.keep_shopping": "Continuer mes achats",
    "button.change": "Modifier",
    "button.one_more": "Un de plus",
    "button.one_less": "Un de moins",
    "button.remove": "Retirer",
    "button.use_saved": "Garder l’adresse",
    "button.new_address": "Autre adresse",
    "button.use_name": "Garder ce nom",
    "button.confirm": "Confirmer",
    "button.cancel": "Annuler",
    "button.track": "Suivre la commande",
    "button.pay_online": "Payer en ligne",
    "button.another_way": "Payer autrement",
    "button.try_again": "Réessayer",
    "button.call_off": "Annuler la commande",
    "row.more": "Suite…",
    "row.all": "Tous les produits",
    "row.clear": "Vider le panier",
    "label.categories": "Catégories",
    "label.products": "Produits",
    "label.options": "Options",
    "label.lines": "Articles",
    "label.countries": "Pays",
    "label.delivery": "Livraison",
    "label.payment": "Paiement",
    "label.choices": "Choisir",
    "label.change": "Modifier",
    "label.orders": "Commandes",
    "footer.browse": "MENU : catégories · CART : votre panier",
    # home
    "home.welcome": "Bienvenue chez {store} ! Vous pouvez regarder nos produits et commander ici "
    "même, dans cette conversation.\n\nÉcrivez ce que vous cherchez, ou HELP pour voir tout ce que "
    "je sais faire.",
    "home.hello": "Bonjour ! Que souhaitez-vous faire ?\n\nÉcrivez ce que vous cherchez, ou HELP "
    "pour voir tout ce que je sais faire.",
    "home.unfinished": "Votre commande vous attend là où vous l’avez laissée.",
    "home.help": "Voici ce que vous pouvez écrire, à tout moment :\n\n"
    "MENU : voir ce que nous vendons\n"
    "ADD TEA-500 2 : mettre 2 articles TEA-500 dans votre panier\n"
    "REMOVE TEA-500 : les retirer\n"
    "CART : voir votre panier\n"
    "CHECKOUT : commander ce qui est dans le panier\n"
    "STATUS : vos dernières commandes\n"
    "TRACK 1001 : où en est la commande 1001\n"
    "STOP : ne plus recevoir de messages\n"
    "START : en recevoir à nouveau\n\n"
    "Ou écrivez ce que vous cherchez, par exemple : thé",
    "home.help_open": "Votre commande n’est pas terminée. Répondez à la dernière question, ou "
    "écrivez CHECKOUT pour la revoir.",
    "home.stopped": "Vous ne recevrez plus de messages de {store}. Écrivez START si vous changez "
    "d’avis.",
    "home.started": "Heureux de vous revoir ! {store} vous répond de nouveau ici.",
    "home.hint": "Désolé, je n’ai pas compris. Écrivez ce que vous cherchez, par exemple : thé. "
    "Ou choisissez :",
    "home.media": "Désolé, je ne sais lire que du texte ici. Écrivez ce que vous cherchez, ou "
    "choisissez :",
    "home.thanks": "Merci ! Que souhaitez-vous faire ensuite ?",
    "home.gone": "Désolé, cela n’est plus disponible. Que souhaitez-vous faire ?",
    "home.refused": "Désolé, cela n’a pas marché. Réessayez, ou écrivez HELP.",
    # browsing
    "browse.categories": "Que cherchez-vous ? Choisissez une catégorie, ou écrivez un mot.",
    "browse.products": "{title}\n\nChoisissez un produit pour le voir.",
    "browse.found": "Voici ce que j’ai trouvé pour « {query} ».",
    "browse.none": "Il n’y a encore rien ici.",
    "browse.not_found": "Je n’ai rien trouvé pour « {query} ». Essayez un autre mot, ou regardez :",
    "browse.section_products": "Produits",
    "browse.products_count.one": "{n} produit",
    "browse.products_count.other": "{n} produits",
    "browse.from": "à partir de {price}",
    "browse.price": "Prix : {price}",
    "browse.item": "Article : {sku}",
    "browse.option": "{title} : {price} ({sku})",
    "browse.more_options": "… et {n} de plus",
    "browse.options": "{title} : lequel souhaitez-vous ?",
    "stock.available": "En stock",
    "stock.few.one": "Plus que {n}",
    "stock.few.other": "Plus que {n}",
    "stock.backorder": "Sur commande",
    "stock.sold_out": "Épuisé",
    "stock.no_price": "Pas en vente",
    # cart
    "cart.added": "Ajouté : {quantity} × {title}",
    "cart.removed": "Retiré : {title}",
    "cart.changed": "Modifié : {quantity} × {title}",
    "cart.title.one": "Votre panier, {n} article :",
    "cart.title.other": "Votre panier, {n} articles :",
    "cart.line": "{quantity} × {title} : {total}",
    "cart.gone": "{title} : n’est plus en vente, retirez-le s’il vous plaît",
    "cart.more": "… et {n} de plus",
    "cart.subtotal": "Sous-total : {amount}",
    "cart.empty": "Votre panier est vide.",
    "cart.cleared": "Votre panier est vide maintenant.",
    "cart.which": "Quel article voulez-vous modifier ?",
    "cart.line_actions": "{quantity} × {title} : {total}\n\nPour une autre quantité, écrivez par "
    "exemple : ADD {sku} 5",
    "cart.each": "{quantity} × {price}",
    "cart.not_in": "{sku} n’est pas dans votre panier.",
    "cart.unknown": "Je ne connais pas d’article {sku}.",
    "cart.similar": "Vouliez-vous dire l’un de ceux-ci ?",
    "cart.left.one": "Désolé, il ne reste que {n} {sku}.",
    "cart.left.other": "Désolé, il ne reste que {n} {sku}.",
    "cart.left_none": "Désolé, {sku} est épuisé.",
    "cart.usage_add": "Pour mettre quelque chose dans votre panier, écrivez ADD, l’article et "
    "combien. Par exemple : ADD TEA-500 2",
    "cart.usage_quantity": "Combien ? Écrivez un nombre entier de 1 à {most}. Par exemple : "
    "ADD {sku} 2",
    "cart.usage_remove": "Pour retirer quelque chose de votre panier, écrivez REMOVE et l’article. "
    "Par exemple : REMOVE TEA-500",
    # checkout
    "ask.name": "Quel est votre nom complet ?",
    "ask.name_known": "Quel est votre nom complet ? Pouvons-nous garder « {name} » ?",
    "ask.email": "Quelle est votre adresse e-mail ?",
    "ask.saved": "Livrer à cette adresse ?\n\n{address}\n\nOu écrivez une autre rue avec le "
    "numéro.",
    "ask.street": "Où devons-nous livrer ? Écrivez la rue et le numéro.",
    "ask.street_or_pin": "Où devons-nous livrer ? Écrivez la rue et le numéro. Vous pouvez aussi "
    "partager votre position.",
    "ask.street_after_pin": "Merci, nous avons votre position. Quels sont la rue et le numéro ?",
    "ask.city": "Quelle ville ?",
    "ask.city_postcode": "Quelle ville ? Ajoutez le code postal si vous le connaissez.",
    "ask.city_us": "Quelle ville, quel État et quel code ZIP ? Par exemple : Portland, OR 97205",
    "ask.country": "Quel pays ?",
    "ask.delivery": "Comment voulez-vous recevoir votre commande ?",
    "ask.payment": "Comment voulez-vous payer ?",
    "ask.phone": "Quel numéro de téléphone va payer ?",
    "ask.phone_like": "Quel numéro de téléphone va payer ? Écrivez-le ainsi : {example}.",
    "ask.choice": "{title} : choisissez s’il vous plaît.",
    "ask.text": "{title} : écrivez s’il vous plaît.",
    "ask.fix": "Que voulez-vous modifier ?",
    "wrong.name": "Écrivez votre nom, en {most} caractères au plus.",
    "wrong.email": "Cela ne ressemble pas à une adresse e-mail. Elle devrait ressembler à "
    "jane@example.com.",
    "wrong.street": "Écrivez la rue et le numéro, en {most} caractères au plus.",
    "wrong.city": "Écrivez seulement le nom de la ville.",
    "wrong.country": "Désolé, nous n’y livrons pas. Choisissez un pays :",
    "wrong.delivery": "Choisissez l’un de ces modes de livraison :",
    "wrong.payment": "Choisissez l’un de ces moyens de paiement :",
    "wrong.phone": "Cela ne ressemble pas à un numéro de téléphone.",
    "wrong.choice": "Choisissez l’un de ceux-ci :",
    "wrong.text": "Écrivez {most} caractères au plus.",
    "wrong.fix": "Choisissez ce que vous voulez modifier :",
    "wrong.review": "Confirmez votre commande, ou modifiez-la :",
    "review.title": "Vérifiez votre commande :",
    "review.subtotal": "Sous-total : {amount}",
    "review.discount": "Remise : -{amount}",
    "review.delivery": "Livraison ({name}) : {amount}",
    "review.delivery_estimate": "Livraison ({name}, {estimate}) : {amount}",
    "review.free": "gratuite",
    "review.tax": "Taxes : {amount}",
    "review.tax_included": "Taxes comprises : {amount}",
    "review.total": "Total : {amount}",
    "review.payment": "Paiement : {title}",
    "review.input": "{title} : {answer}",
    "review.nothing": "rien à payer",
    "review.for": "Pour : {name}, {email}",
    "review.to": "À : {address}",
    "review.changed": "Quelque chose a changé entre-temps. Voici les nouveaux montants :",
    "fix.name": "Nom",
    "fix.email": "E-mail",
    "fix.address": "Adresse",
    "fix.delivery": "Livraison",
    "fix.payment": "Paiement",
    "fix.cart": "Panier",
    "checkout.not_sellable": "Retirez d’abord ce qui n’est plus en vente.",
    "checkout.no_delivery": "Désolé, nous ne livrons pas votre commande à cette adresse :\n\n"
    "{address}",
    "checkout.no_payment": "Désolé, il n’y a aucun moyen de payer cette commande ici pour le "
    "moment. Votre panier est gardé.",
    "checkout.canceled": "Rien n’a été commandé. Votre panier est gardé.",
    "checkout.stale": "Ce résumé n’est plus à jour.",
    "checkout.refused": "Désolé, la commande n’a pas pu être passée : {reason} Votre panier est "
    "gardé.",
    "checkout.too_many_unpaid": "Vos commandes précédentes ne sont pas encore payées ; celle-ci "
    "n’a donc pas été passée. Merci d’en payer ou d’en annuler une d’abord. Votre panier est "
    "gardé.",
    "checkout.already": "La commande {number} est déjà passée.",
    "checkout.placed": "Merci, {name} ! Votre commande {number} est passée.",
    "checkout.placed_total": "Total : {amount}",
    "checkout.placed_payment": "Paiement : {title}",
    "checkout.placed_to": "Nous livrons à : {address}",
    "checkout.next": "Nous vous dirons ici quand elle sera en route. Écrivez TRACK {number} à tout "
    "moment.",
    # an order that waits for its money
    "pay.waits": "Votre commande {number} attend son paiement.",
    "pay.until": "À payer avant : {time}.",
    "pay.online": "Touchez « Payer en ligne » ; nous vous dirons ici quand le paiement sera "
    "arrivé.",
    "pay.or": "Ou choisissez :",
    "pay.on_phone": "Regardez votre téléphone",
    "pay.failed": "Le paiement n’a pas abouti : {reason}.",
    "pay.unreached": "Nous n’avons pas pu joindre le service de paiement. Si l’on vous demande "
    "malgré tout d’approuver un paiement, il comptera.",
    "pay.refused": "Désolé, vous ne pouvez pas payer ainsi pour le moment.",
    "pay.no_way": "Désolé, il n’y a pas d’autre moyen de payer cette commande pour le moment.",
    "pay.placed": "Merci ! Votre commande {number} est passée.",
    "pay.already": "La commande {number} est déjà payée.",
    "pay.not_canceled": "Désolé, la commande n’a pas pu être annulée. Réessayez.",
    # why a payment did not go through: ends a sentence
    "failed.customer_canceled": "vous l’avez annulé",
    "failed.declined": "il a été refusé",
    "failed.expired": "il n’a pas été terminé à temps",
    "failed.insufficient_funds": "il n’y avait pas assez d’argent sur le compte",
    "failed.no_answer": "il n’a pas été approuvé à temps",
    "failed.other": "le service de paiement ne l’a pas accepté",
    "failed.wrong_pin": "le code PIN était faux",
    # orders
    "order.none": "Vous n’avez pas encore de commandes.",
    "order.latest": "Vos dernières commandes :",
    "order.line": "{number} · {date} · {total} · {state}",
    "order.unknown": "Je n’ai pas trouvé de commande {number} à vous.",
    "order.usage": "Pour suivre une commande, écrivez TRACK et son numéro. Par exemple : TRACK "
    "1001",
    "order.title": "Commande {number} du {date}",
    "order.state": "État : {state}",
    "order.paid": "Paiement : {state}",
    "order.total": "Total : {amount}",
    "order.to": "Livraison à : {address}",
    "status.draft": "en préparation",
    "status.pending": "en attente du paiement",
    "status.failed": "paiement échoué",
    "status.processing": "en préparation",
    "status.completed": "terminée",
    "status.canceled": "annulée",
    "status.expired": "expirée",
    "payment.awaiting": "pas encore payée",
    "payment.authorized": "autorisé",
    "payment.partially_paid": "payée en partie",
    "payment.paid": "payée",
    "payment.partially_refunded": "remboursée en partie",
    "payment.refunded": "remboursée",
    "payment.failed": "échoué",
    "fulfillment.partially_fulfilled": "emballée en partie",
    "fulfillment.fulfilled": "emballée",
    "fulfillment.shipped": "en route",
    "fulfillment.delivered": "livrée",
    "fulfillment.returned": "renvoyée",
    # notices
    "notice.paid": "Merci ! Nous avons reçu {amount} pour votre commande {number}.",
    "notice.confirmed": "Paiement reçu : {amount}. Votre commande {number} est confirmée. Merci !",
    "notice.placed": "Votre commande {number} est confirmée. Merci !",
    "notice.paid_late": "Nous avons reçu {amount} pour votre commande {number}, qui avait été "
    "annulée avant. La boutique vous rendra l’argent.",
    "notice.paid_twice": "Nous avons reçu encore {amount} pour votre commande {number}, qui était "
    "déjà payée. La boutique vous rendra l’argent.",
    "notice.failed": "Le paiement de votre commande {number} n’a pas abouti : {reason}. La "
    "commande vous attend toujours.",
    "notice.unseen": "Nous n’avons pas encore vu votre accord pour le paiement de la commande "
    "{number}. Vous pouvez encore l’approuver, réessayer, ou payer autrement.",
    "notice.refunded": "Nous vous avons rendu {amount} pour votre commande {number}.",
    "notice.canceled": "Votre commande {number} a été annulée.",
    "notice.expired": "Votre commande {number} a expiré, car elle n’a pas été payée à temps. "
    "Écrivez MENU pour commander à nouveau.",
    "notice.shipped": "Votre commande {number} est en route.",
    "notice.delivered": "Votre commande {number} a été livrée. Merci et à bientôt !",
}

_ALIASES = {
    "acheter": "checkout",
    "aide": "help",
    "arrêter": "stop",
    "boutique": "menu",
    "catalogue": "menu",
    "catégories": "menu",
    "commander": "checkout",
    "commandes": "status",
    "ma commande": "status",
    "mes commandes": "status",
    "mon panier": "cart",
    "où est ma commande": "status",
    "panier": "cart",
    "payer": "checkout",
    "payer en ligne": "checkout",
    "produits": "menu",
    "reprendre": "start",
}

_GREETINGS = frozenset(
    ("bonjour", "bonsoir", "salut", "coucou", "bonne journée", "hello", "hi", "hey")
)

FRENCH = Language(
    texts=_TEXTS,
    aliases=_ALIASES,
    greetings=_GREETINGS,
    yes=frozenset(("oui", "o", "ok", "d’accord", "d'accord", "bien sûr", "confirmer", "yes")),
    no=frozenset(("non", "n", "annuler", "non merci", "no")),
    plural=none_or_one,
)
