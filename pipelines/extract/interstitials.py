"""Pages shown instead of an article: consent, robot checks, refusals, logins, maintenance, missing pages.

Told by structure first: such a page is short, and declares and shows none of what an article's page does. Only then
do words say which kind it is, in the languages that most news is written in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urljoin

from pipelines.extract.document import Document, text_of
from pipelines.extract.phrases import is_consent
from pipelines.extract.structured import Structured

_MOST_WORDS = 120
_ENOUGH = 2
_SOONEST = 10
"""Seconds within which a page that leads elsewhere is left."""
_REFRESH = re.compile(r"\s*(\d{1,3})(?:\.\d*)?\s*[;,]\s*(?:url\s*=)?\s*['\"]?([^'\"]+)", re.I)
_OF_ARTICLES = ("og:type", "article:published_time", "author", "date", "parsely-pub-date")
_GONE = re.compile(
    r"(?:page|article|story|post|content) (?:has been|was|is) (?:removed|deleted|taken down|withdrawn)"
    r"|(?:seite|artikel|beitrag|meldung) wurde (?:gelöscht|entfernt)|(?:page|article|contenu) a été (?:supprim"
    r"|retir)"
    r"|(?:página|noticia|notícia|artículo|artigo|contenido|conteúdo) (?:ha sido|fue|foi) (?:eliminad|retirad"
    r"|removid)"
    r"|(?:pagina|articolo|contenuto) è stat[ao] (?:rimoss|cancellat|eliminat)|(?:pagina|artikel) is verwijderd"
    r"|(?:страница|статья|новость|материал)\w* (?:был[аи]? )?удал|(?:ページ|記事)は削除|(?:页面|文章|頁面)已"
    r"|\b404\b|\b410\b|not found|(?:page|article|story) (?:does not|doesn.t|no longer) exist"
    r"|can.?t (?:be found|find)|no longer available"
    r"|nicht (?:mehr )?(?:gefunden|verfügbar|vorhanden|auffindbar)|existiert nicht|introuvable|n.existe (?:pas"
    r"|plus)"
    r"|plus disponible|no (?:existe|se encuentra|encontrad|está disponible)|não (?:foi )?(?:encontrad|existe)"
    r"|non (?:è stata |è )?(?:trovat|esiste|più disponibile|disponibile)|niet (?:meer )?(?:gevonden"
    r"|beschikbaar)|bestaat niet"
    r"|nie (?:została |został )?(?:znalezion|istnieje)|не найден|не существует|не знайден|не існує|bulunamadı"
    r"|mevcut değil"
    r"|غير موجود|لم يتم العثور|غير متاح|یافت نشد|پیدا نشد|وجود ندارد|לא נמצא|אינו קיים|見つかりません|存在しません"
    r"|找不到|不存在|已(?:被)?删除|찾을 수 없|존재하지 않|hitta(?:de)?s inte|finns inte|ikke (?:funnet"
    r"|fundet)|fin[nd]es ikke"
    r"|ei löyt|δεν (?:βρέθηκε|υπάρχει)|nenalezen|neexistuje|nem található|nu (?:a fost găsit|există)"
    r"|tidak ditemukan"
    r"|không (?:tìm thấy|tồn tại)|ไม่พบ|नहीं मिल",
    re.I,
)
_LEADS_ON = re.compile(
    r"home ?page|front page|\bsearch\b|\burl\b|\blink\b|address|moved|startseite|\bsuche\b|adresse|accueil"
    r"|recherche"
    r"|portada|buscador|búsqueda|\binicio\b|dirección|página inicial|\bbusca\b|endereço|home ?pagina|zoek"
    r"|startpagina"
    r"|pagina iniziale|cerca\b|indirizzo|stron\w+ główn|wyszukiw|adres|главн|поиск|адрес|головн|пошук|ana sayfa"
    r"|arama"
    r"|トップページ|検索|首页|首頁|搜索|검색|홈|الرئيسية|البحث|etusivu|haku|forsid|startsid|úvodní|hledá|főoldal|keres",
    re.I,
)
"""What a page says that has nothing but the way to others."""
_KINDS = {
    "reports an error": re.compile(
        r"\b50[0234]\b|\b429\b|internal server error|bad gateway|service (?:temporarily )?unavailable"
        r"|gateway time-?out"
        r"|something went wrong|(?:an )?error (?:has )?occurred|too many requests|our servers?|try again"
        r"|fehler (?:ist )?aufgetreten|später (?:noch ?einmal|erneut)|une erreur|indisponible|réessayer"
        r"|se ha producido un error|algo (?:ha salido|salió) mal|inténtalo|ocorreu um erro|tente novamente"
        r"|si è verificato un errore|riprova|er (?:is|ging) iets (?:mis|fout)|probeer het|wystąpił błąd"
        r"|spróbuj ponownie"
        r"|произошла ошибка|ошибка сервера|попробуйте|повторите|エラー|しばらくして|服务器错误|稍后|오류|잠시 후"
        r"|hata oluştu|tekrar deneyin|حدث خطأ|حاول مرة|σφάλμα|došlo k chyb|zkuste|hiba történt|próbáld"
        r"|något gick fel|försök igen|noget gik galt|prøv igen|noe gikk galt|prøv igjen|jokin meni|yritä uudelleen",
        re.I,
    ),
    "confirms what a reader did": re.compile(
        r"unsubscribed|confirm your|one more step|thank you for (?:subscribing|signing|registering|your order)"
        r"|we have sent|check your inbox|abgemeldet|bestätigen sie|danke für ihre (?:anmeldung|bestellung"
        r"|registrierung)"
        r"|désinscri|confirmez|merci (?:de|pour) votre (?:inscription|commande)|confirma tu"
        r"|gracias por (?:suscrib|registr)"
        r"|confirme (?:o )?seu|conferma (?:il tuo|la tua|l.indirizzo)|bevestig je|potwierdź|отписан|подтвердите"
        r"|確認メール"
        r"|aboneliğini|onaylayın",
        re.I,
    ),
    "asks for consent": re.compile(
        r"cookie|integritet|samtyck|samtykke|personvern|yksityisyy|informativa|consenso|preferenze"
        r"|consentimento|privacidade"
        r"|απόρρητο|συγκατάθεση|soukrom|souhlas|adatvédel|hozzájárul|consimțământ|confidențialitat|конфіденційн"
        r"|quyền riêng tư"
        r"|คุกกี้|ความเป็นส่วนตัว|privasi|persetujuan|פרטיות|עוגיות|الخصوصية|موافق|حریم خصوصی|गोपनीयता|कुकी"
        r"|godkänn alla"
        r"|クッキー|쿠키|ملفات تعريف|consent|zustimm|einwillig|datenschutz|privacy|consentement|consentimiento"
        r"|confidentialité|privacidad|согласи|конфиденциальн|zgod|prywatno|toestemming|gizlili|çerez|onay"
        r"|evästee|kakor|informasjonskaps|sütik|kolačić|同意"
        r"|プライバシー|隐私",
        re.I,
    ),
    "checks for robots": re.compile(
        r"böngész|prohlížeč|selai[mn]|trình duyệt|เบราว์เซอร์|דפדפן|مرورگر|ब्राउज़र|webbläsare|nettleser"
        r"|браузър|preglednik|"
        r"javascript|browser|navigateur|navegador|браузер|ブラウザ|浏览器|브라우저|متصفح|przegląd|tarayıcı"
        r"|πρόγραμμα περιήγησης"
        r"|captcha|robots?\b|human|ロボット|机器人|робот|moment\b|verif(?:y|ier)|überprüf|vérif",
        re.I,
    ),
    "refuses access": re.compile(
        r"πρόσβαση|απαγορ|hozzáférés|letiltv|přístup (?:odepř|zamít)|acces (?:interzis|refuzat)|truy cập bị"
        r"|bị chặn|akses ditolak|diblokir|ถูกปฏิเสธ|ถูกบล็อก|دسترسی|محظور|הגישה נדחתה|חסום|ingen tilgang"
        r"|åtkomst|estetty|pääsy|"
        r"access denied|forbidden|blocked|firewall|incident|reference #|zugriff|gesperrt|accès (?:refusé"
        r"|interdit)|bloqué"
        r"|acceso denegado|bloquead|acesso negado|доступ|заблокирован|アクセス|拒否|访问被|拒绝|접근|차단"
        r"|erişim|engellen|dostęp|zablokowan",
        re.I,
    ),
    "asks for a subscription": re.compile(
        r"subscri(?:be|ption)|abonn|suscr|assina|inscreva|подписк|передплат|prenumer|tilaa|předplat|előfizet|구독"
        r"|購読|订阅|訂閱|اشترا",
        re.I,
    ),
    "is not shown in this country": re.compile(
        r"\b451\b|legal reasons|european economic area|general data protection|(?:your|this) (?:country|region"
        r"|location)"
        r"|not available in|ihrem land|deiner region|votre (?:pays|région)|(?:tu|su) (?:país|región)|seu país"
        r"|tuo paese"
        r"|uw land|вашей стране|вашем регионе|お住まいの(?:国|地域)|您所在的(?:国家|地区)|ülkenizde|twoim kraju",
        re.I,
    ),
    "asks to turn off a blocker of advertisements": re.compile(
        r"ad-? ?block|turn (?:it )?off|disable|werbeblocker|bloqueur|bloqueador|adblock|reklam engel"
        r"|блокировщик|広告ブロック|广告拦截",
        re.I,
    ),
    "lets readers wait": re.compile(
        r"queue|waiting room|your turn|many (?:people|visitors)|warteraum|warteschlange|file d.attente"
        r"|salle d.attente|sala de espera|cola virtual|fila virtual|sala d.attesa|wachtrij|wachtkamer"
        r"|очеред|poczekalni|kolejk|kö\b|väntrum|sıra(?:nız|da)|待合室|順番|排队|排隊|대기열|قائمة الانتظار",
        re.I,
    ),
    "is down for maintenance": re.compile(
        r"συντήρησ|karbantart|údržb|mentenan|întreținere|huolto|održavan|bảo trì|pemeliharaan|perawatan|תחזוקה"
        r"|रखरखाव|ปรับปรุง|تعمیر|"
        r"maintenance|wartung|mantenimiento|manutenç|manutenzione|техническ\w+ работ|обслуживан|メンテナンス"
        r"|维护|점검|onderhoud"
        r"|bakım|صيانة|konserwac|underhåll|vedlikehold|be(?:en)? back (?:soon|in|shortly)|come back|in kürze"
        r"|bientôt",
        re.I,
    ),
    "asks for a login": re.compile(
        r"เข้าสู่ระบบ|รหัสผ่าน|σύνδεση|κωδικ|התחבר|סיסמ|लॉग ?इन|पासवर्ड|đăng nhập|mật khẩu|kata sandi|увійти"
        r"|парол|autentific|parol[ăa]|prijav|lozink|logg inn|passord|adgangskode|kirjaudu|salasana|přihlas"
        r"|přihlá|heslo|jelentkez|jelsz|رمز عبور|ورود|lösenord|logga in|"
        r"log ?in\b|sign in|password|anmeld|passwort|connexion|connectez|mot de passe|iniciar sesión"
        r"|contraseña|senha|accedi"
        r"|пароль|войти|ログイン|パスワード|登录|密码|로그인|비밀번호|تسجيل الدخول|كلمة المرور|hasło|zaloguj"
        r"|inloggen|giriş yap|şifre",
        re.I,
    ),
}  # fmt: skip


def leads_elsewhere(document: Document) -> str | None:
    """The other address that a page leads to at once (WHATWG HTML, section 4.2.5.3); None when it leads nowhere."""
    for element in document.elements("meta"):
        if (element.get("http-equiv") or "").strip().lower() == "refresh":
            match = _REFRESH.match(element.get("content") or "")
            if match and int(match[1]) <= _SOONEST:
                target = urljoin(document.url, match[2].strip()).split("#")[0]
                return target if target != document.url.split("#")[0] else None
    return None


def is_gone(document: Document, structured: Structured, words: int) -> str | None:
    """The heading or title in which a short, bare page says that what was requested is not there."""
    if not _is_bare(document, structured, words):
        return None
    said = [text_of(element) for element in document.elements("title", "h1", "h2")]
    return next((line for line in said if _GONE.search(line)), None)


def leads_on(text: str) -> bool:
    """Whether a text speaks of addresses, links and searches, as that of a page does which has nothing else."""
    return _LEADS_ON.search(text) is not None


def interstitial(document: Document, structured: Structured, paragraphs: Sequence[str], words: int) -> str:
    """Which page that stands in an article's place a short, bare page is; empty when it is none."""
    if not _is_bare(document, structured, words):
        return ""
    if any(map(is_consent, paragraphs)):
        return "asks for consent"
    said = [text_of(element) for element in document.elements("title", "h1", "button", "input")]
    texts = "\n".join([*said, *paragraphs])
    found = {kind: len({match.casefold() for match in form.findall(texts)}) for kind, form in _KINDS.items()}
    if any(element.get("type") == "password" for element in document.elements("input")):
        found["asks for a login"] += 1
    in_heading = {kind: any(form.search(line) for line in said) for kind, form in _KINDS.items() if found[kind]}
    best = max(found, key=lambda kind: (found[kind], in_heading.get(kind, False)))
    return best if found[best] >= _ENOUGH or in_heading.get(best, False) else ""


def _is_bare(document: Document, structured: Structured, words: int) -> bool:
    """Whether a page is short and has nothing of what marks an article: declarations, a date, an article element."""
    if words >= _MOST_WORDS or structured.articles:
        return False
    if any(structured.meta.get(name) for name in _OF_ARTICLES):
        return False
    return not document.elements("article", "time", "figure")
