"""Buttons of pages that are pressed without being told: consent, "read more", galleries.

Rules of our own, few and for what many pages use: a site's definition adds to them with ``steps``. Refusing comes
before accepting: what is refused loads no trackers.
"""

from __future__ import annotations

CONSENT_RULES = (
    ("OneTrust", "#onetrust-reject-all-handler"),
    ("Didomi", "#didomi-notice-disagree-button, .didomi-continue-without-agreeing"),
    ("Cookiebot", "#CybotCookiebotDialogBodyButtonDecline"),
    ("Usercentrics", "[data-testid='uc-deny-all-button']"),
    ("Quantcast", ".qc-cmp2-summary-buttons button[mode='secondary']"),
    ("CookieYes", ".cky-btn-reject"),
    ("Complianz", ".cmplz-btn.cmplz-deny"),
    ("Klaro", ".klaro .cm-btn-decline"),
    ("iubenda", ".iubenda-cs-reject-btn"),
    ("Osano", ".osano-cm-denyAll"),
    ("Borlabs", "[data-borlabs-cookie-actions='deny-all'], a[data-cookie-refuse]"),
    ("TrustArc", "#truste-consent-required"),
    ("tarteaucitron", "#tarteaucitronAllDenied2"),
    ("Axeptio", "#axeptio_btn_dismiss"),
    ("OneTrust, accepting", "#onetrust-accept-btn-handler"),
    ("Didomi, accepting", "#didomi-notice-agree-button"),
    ("Cookiebot, accepting", "#CybotCookiebotDialogBodyLevelButtonLevelOptinAllowAll"),
    ("Usercentrics, accepting", "[data-testid='uc-accept-all-button']"),
    ("Quantcast, accepting", ".qc-cmp2-summary-buttons button[mode='primary']"),
    ("CookieYes, accepting", ".cky-btn-accept"),
    ("Sourcepoint, accepting", "button.sp_choice_type_11"),
)
"""Name of the consent platform, and the button's selector."""

CONSENT_SUBJECTS = (
    "cookie", "consent", "privacy", "datenschutz", "einwilligung", "confidentialité", "traceurs", "privacidad",
    "privacidade", "riservatezza", "prywatno", "soukromí", "personvern", "integritet", "конфиденциальн",
    "プライバシー", "隐私", "خصوصية",
)  # fmt: skip
"""What an overlay speaks of that asks for consent."""

CONSENT_TEXTS = (
    "reject all", "reject", "decline", "decline all", "refuse all", "only necessary", "necessary only",
    "use necessary cookies only", "continue without accepting", "alle ablehnen", "ablehnen", "nur notwendige",
    "tout refuser", "refuser", "continuer sans accepter", "rechazar todo", "rechazar", "rifiuta tutto", "rifiuta",
    "continua senza accettare", "alles weigeren", "alles afwijzen", "weigeren", "rejeitar", "rejeitar tudo", "odrzuć",
    "odrzuć wszystko", "odmítnout vše", "avvisa alla", "avslå alle", "hylkää kaikki", "отклонить", "reddet",
    "accept all", "accept", "accept and continue", "i accept", "i agree", "agree", "got it", "ok", "allow all",
    "alle akzeptieren", "akzeptieren", "zustimmen", "tout accepter", "accepter", "j'accepte", "aceptar todo",
    "aceptar", "accetta tutto", "accetta", "accepteren", "alles accepteren", "aceitar", "aceitar tudo", "akceptuję",
    "přijmout vše", "godkänn alla", "godta alle", "hyväksy kaikki", "принять", "kabul et", "同意する", "同意",
    "موافق",
)  # fmt: skip
"""Buttons of such overlays, in the order in which they are looked for."""

MORE_TEXTS = (
    "read more", "show more", "continue reading", "read full", "read the full", "see more", "load more comments",
    "show all", "expand", "mehr lesen", "weiterlesen", "mehr anzeigen", "lire la suite", "voir plus", "afficher plus",
    "leer más", "ver más", "seguir leyendo", "mostrar más", "leggi tutto", "mostra altro", "continua a leggere",
    "lees meer", "toon meer", "lees verder", "ler mais", "mostrar mais", "czytaj dalej", "czytaj więcej",
    "pokaż więcej", "číst dál", "zobrazit více", "läs mer", "visa mer", "les mer", "vis mer", "lue lisää",
    "читать далее", "показать ещё", "devamını oku", "続きを読む", "もっと見る", "阅读全文", "展开", "더보기",
    "اقرأ المزيد",
)  # fmt: skip
"""What buttons say that unfold more of the same page."""

NEXT_PICTURE = (
    ".swiper-button-next", ".slick-next", ".flickity-prev-next-button.next", ".splide__arrow--next",
    ".glide__arrow--right",
    ".carousel-control-next", ".owl-next", "[data-gallery-next]", ".gallery button[aria-label*='next' i]",
    "[class*='gallery'] button[aria-label*='next' i]", "[class*='carousel'] button[aria-label*='next' i]",
    "[class*='slideshow'] button[aria-label*='next' i]",
)  # fmt: skip
"""Buttons that show a gallery's next picture."""
