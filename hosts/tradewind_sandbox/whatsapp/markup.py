"""WhatsApp's text marks as safe HTML: *bold*, _italic_, ~struck~, ```code``` and web addresses."""

import re

from markupsafe import Markup, escape

_PART = re.compile(
    r"```(?P<code>.+?)```"
    r"|(?P<link>https?://[^\s<>\"]*[^\s<>\".,;:!?)])"
    r"|(?<!\w)\*(?P<bold>\S(?:[^*\n]*\S)?)\*(?!\w)"
    r"|(?<!\w)_(?P<italic>\S(?:[^_\n]*\S)?)_(?!\w)"
    r"|(?<!\w)~(?P<struck>\S(?:[^~\n]*\S)?)~(?!\w)",
    re.DOTALL,
)

_LINK = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>')
_ELEMENTS = {
    "code": Markup("<code>{}</code>"),
    "bold": Markup("<strong>{}</strong>"),
    "italic": Markup("<em>{}</em>"),
    "struck": Markup("<s>{}</s>"),
}


def chat_text(text: str) -> Markup:
    """`text` with its marks as HTML elements; everything else is escaped."""
    html = Markup()
    end = 0
    for part in _PART.finditer(text):
        html += escape(text[end : part.start()]) + _element(part)
        end = part.end()
    return html + escape(text[end:])


def _element(part: re.Match[str]) -> Markup:
    kind = part.lastgroup or ""
    inner = part[kind]
    if kind == "link":
        return _LINK.format(inner)
    return _ELEMENTS[kind].format(inner if kind == "code" else chat_text(inner))
