"""What buyers and the shop write, in the buyers' languages."""

from random import Random
from typing import Final

BUYER: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "where_is_it": {
        "en": ("Hello, could you tell me where my order is?", "Hi, when will my parcel arrive?"),
        "es": ("Hola, ¿me pueden decir dónde está mi pedido?", "Buenos días, ¿cuándo llega mi paquete?"),
        "pt-BR": ("Olá, podem me dizer onde está o meu pedido?", "Oi, quando chega a minha encomenda?"),
        "de": ("Guten Tag, wo ist meine Bestellung gerade?", "Hallo, wann kommt mein Paket an?"),
        "ja": ("注文した商品は今どこにありますか。", "荷物はいつ届きますか。"),
        "zh-Hans": ("你好，请问我的包裹到哪里了？", "您好，请问什么时候能收到货？"),
    },
    "not_received": {
        "en": ("The tracking says delivered, but nothing has arrived here.",),
        "es": ("El seguimiento dice entregado, pero aquí no ha llegado nada.",),
        "pt-BR": ("O rastreio diz entregue, mas não recebi nada.",),
        "de": ("Laut Sendungsverfolgung wurde zugestellt, aber hier ist nichts angekommen.",),
        "ja": ("配達完了と表示されていますが、荷物が届いていません。",),
        "zh-Hans": ("物流显示已妥投，但是我没有收到包裹。",),
    },
    "damaged": {
        "en": ("The parcel came crushed and the article is broken. I have photos.",),
        "es": ("El paquete llegó aplastado y el artículo está roto. Tengo fotos.",),
        "pt-BR": ("O pacote chegou amassado e o produto está quebrado. Tenho fotos.",),
        "de": ("Das Paket kam eingedrückt an und der Artikel ist zerbrochen. Ich habe Fotos.",),
        "ja": ("箱がつぶれていて、中の商品が壊れていました。写真があります。",),
        "zh-Hans": ("包裹被压坏了，里面的东西也碎了，我拍了照片。",),
    },
    "wrong_item": {
        "en": ("I received a different article from the one I ordered.",),
        "es": ("He recibido un artículo distinto del que pedí.",),
        "pt-BR": ("Recebi um produto diferente do que pedi.",),
        "de": ("Ich habe einen anderen Artikel bekommen als bestellt.",),
        "ja": ("注文したものと違う商品が届きました。",),
        "zh-Hans": ("收到的商品和我下单的不一样，发错货了。",),
    },
    "missing_item": {
        "en": ("One of the articles I ordered was not in the parcel.",),
        "es": ("Faltaba uno de los artículos en el paquete.",),
        "pt-BR": ("Faltou um dos produtos no pacote.",),
        "de": ("Einer der bestellten Artikel fehlte im Paket.",),
        "ja": ("注文した商品のうち一点が入っていませんでした。",),
        "zh-Hans": ("包裹里少了一件商品。",),
    },
    "not_as_described": {
        "en": ("The colour is quite different from the picture in the shop.",),
        "es": ("El color es muy distinto del de la foto de la tienda.",),
        "pt-BR": ("A cor é bem diferente da foto da loja.",),
        "de": ("Die Farbe weicht deutlich vom Bild im Shop ab.",),
        "ja": ("商品の色がサイトの写真とかなり違います。",),
        "zh-Hans": ("收到的颜色和图片相差很大，与描述不符。",),
    },
    "cancel": {
        "en": ("Please cancel my order, I chose the wrong size.",),
        "es": ("Por favor, cancelen mi pedido, elegí mal la talla.",),
        "pt-BR": ("Por favor, cancelem o meu pedido, escolhi o tamanho errado.",),
        "de": ("Bitte stornieren Sie meine Bestellung, ich habe die falsche Größe gewählt.",),
        "ja": ("サイズを間違えたので、注文をキャンセルしてください。",),
        "zh-Hans": ("尺码选错了，请帮我取消订单。",),
    },
    "refund": {
        "en": ("When will I see the refund on my account?",),
        "es": ("¿Cuándo veré el reembolso en mi cuenta?",),
        "pt-BR": ("Quando o reembolso aparece na minha conta?",),
        "de": ("Wann ist die Erstattung auf meinem Konto?",),
        "ja": ("返金はいつ口座に反映されますか。",),
        "zh-Hans": ("退款什么时候能到账？",),
    },
    "upset": {
        "en": ("This is unacceptable. I have been waiting for weeks and nobody helps. I will dispute the charge!",),
        "es": ("Esto es inaceptable. Llevo semanas esperando y nadie ayuda. ¡Voy a reclamar el cargo!",),
        "pt-BR": ("Isso é um absurdo. Espero há semanas e ninguém ajuda. Vou contestar a cobrança!",),
        "de": ("Das ist eine Zumutung. Ich warte seit Wochen und niemand hilft. Ich lasse das Geld zurückbuchen!",),
        "ja": ("ひどすぎます。何週間も待っているのに誰も対応してくれません。支払いに異議を申し立てます。",),
        "zh-Hans": ("太差劲了！等了好几周也没人处理，我要投诉并申请拒付！",),
    },
}
SHOP: Final[dict[str, dict[str, str]]] = {
    "answer": {
        "en": "Thank you for writing. We have looked at your order and everything is in hand.",
        "es": "Gracias por escribirnos. Hemos revisado su pedido y estamos en ello.",
        "pt-BR": "Obrigado pela mensagem. Verificamos o seu pedido e já estamos cuidando dele.",
        "de": "Danke für Ihre Nachricht. Wir haben Ihre Bestellung geprüft und kümmern uns darum.",
        "ja": "お問い合わせありがとうございます。ご注文を確認し、対応しております。",
        "zh-Hans": "感谢您的来信，我们已核实您的订单，正在处理。",
    },
    "promise": {
        "en": "We are sorry. Your refund will be sent by the date given here.",
        "es": "Lo sentimos. Le enviaremos el reembolso antes de la fecha indicada.",
        "pt-BR": "Pedimos desculpas. O reembolso será enviado até a data indicada.",
        "de": "Es tut uns leid. Die Erstattung geht bis zum genannten Tag hinaus.",
        "ja": "申し訳ございません。記載の日までに返金いたします。",
        "zh-Hans": "非常抱歉，我们会在所示日期前为您退款。",
    },
}
NOTES: Final[dict[str, tuple[str, ...]]] = {
    "en": ("Please wrap it as a gift.", "Please leave it with the neighbour at number 12."),
    "es": ("Por favor, envuélvanlo para regalo.", "Entregar después de las 18 h, por favor."),
    "pt-BR": ("Por favor, embrulhem para presente.", "Deixar na portaria, por favor."),
    "de": ("Bitte als Geschenk verpacken.", "Bitte beim Nachbarn im Erdgeschoss abgeben."),
    "ja": ("ギフト包装をお願いします。", "午後6時以降に配達してください。"),
    "zh-Hans": ("请帮忙包装成礼物，谢谢。", "麻烦放在门卫处。"),
}
REVIEWS: Final[dict[bool, dict[str, tuple[str, ...]]]] = {
    True: {
        "en": ("Good quality, arrived in time.", "Just as in the picture."),
        "es": ("Buena calidad, llegó a tiempo.", "Igual que en la foto."),
        "pt-BR": ("Boa qualidade, chegou no prazo.", "Igual à foto."),
        "de": ("Gute Qualität, pünktlich angekommen.", "Genau wie auf dem Bild."),
        "ja": ("品質がよく、予定どおり届きました。", "写真のとおりでした。"),
        "zh-Hans": ("质量不错，准时收到。", "和图片一样，满意。"),
    },
    False: {
        "en": ("Took far too long and nobody answered.", "Poor quality, not worth the money."),
        "es": ("Tardó demasiado y nadie respondió.", "Mala calidad, no vale lo que cuesta."),
        "pt-BR": ("Demorou demais e ninguém respondeu.", "Qualidade ruim, não vale o preço."),
        "de": ("Viel zu lange gedauert, niemand hat geantwortet.", "Schlechte Qualität, das Geld nicht wert."),
        "ja": ("届くのが遅く、返信もありませんでした。", "品質が悪く、値段に見合いません。"),
        "zh-Hans": ("等了很久，客服也不回复。", "质量很差，不值这个价。"),
    },
}


def buyer_says(rng: Random, intent: str, language: str) -> str:
    """A sentence of a buyer who wants `intent`."""
    return rng.choice(BUYER[intent][language])


def shop_says(kind: str, language: str) -> str:
    """A sentence of the shop's staff."""
    return SHOP[kind][language]


def draw_note(rng: Random, language: str) -> str:
    """What a buyer asks for with the order."""
    return rng.choice(NOTES[language])


def review_says(rng: Random, language: str, *, good: bool) -> str:
    """The words beside the stars."""
    return rng.choice(REVIEWS[good][language])
