"""Pages of sixty kinds and languages that stand in an article's place: none of them is a record."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.article import Article
from pipelines.extract import extract

FETCHED = datetime(2026, 3, 5, tzinfo=UTC)
TEXTS = {
    "en": {
        "consent": ("Before you continue", "We and our partners use cookies to show advertisements that suit you and to count visits. Please say whether you consent to this. You can change your choice at any time.", "Accept all"),
        "login": ("Log in to read on", "Please log in with your e-mail address and your password. If you have no account yet, you can create one in a minute.", "Log in"),
        "gone": ("Page not found", "The page you are looking for does not exist or has been moved. Please check the address or go back to the front page.", "Front page"),
        "maintenance": ("We will be back soon", "Our site is down for maintenance at the moment. We are sorry for the trouble and will be back in a few hours.", "Try again"),
    },
    "de": {
        "consent": ("Ihre Privatsphäre", "Wir und unsere Partner verwenden Cookies, um Werbung zu zeigen und Besuche zu zählen. Bitte stimmen Sie zu oder lehnen Sie ab. Ihre Einwilligung können Sie jederzeit widerrufen.", "Zustimmen"),
        "login": ("Anmelden und weiterlesen", "Bitte melden Sie sich mit Ihrer E-Mail-Adresse und Ihrem Passwort an. Wenn Sie noch kein Konto haben, legen Sie in einer Minute eines an.", "Anmelden"),
        "gone": ("Seite nicht gefunden", "Die gesuchte Seite existiert nicht mehr oder wurde verschoben. Bitte prüfen Sie die Adresse oder gehen Sie zur Startseite.", "Zur Startseite"),
        "maintenance": ("Wartungsarbeiten", "Wegen Wartung ist unsere Seite zurzeit nicht erreichbar. Wir bitten um Entschuldigung und sind in Kürze wieder da.", "Neu laden"),
    },
    "fr": {
        "consent": ("Votre vie privée", "Nos partenaires et nous utilisons des cookies pour afficher des publicités et mesurer l'audience. Vous pouvez donner ou refuser votre consentement, et changer d'avis à tout moment.", "Tout accepter"),
        "login": ("Connectez-vous pour lire la suite", "Veuillez saisir votre adresse et votre mot de passe. Si vous n'avez pas de compte, créez-en un en une minute.", "Connexion"),
        "gone": ("Page introuvable", "La page que vous cherchez n'existe plus ou a été déplacée. Vérifiez l'adresse ou revenez à l'accueil.", "Accueil"),
        "maintenance": ("Site en maintenance", "Notre site est en maintenance. Nous vous prions de nous excuser et serons bientôt de retour.", "Réessayer"),
    },
    "es": {
        "consent": ("Su privacidad", "Nosotros y nuestros socios usamos cookies para mostrar publicidad y medir las visitas. Puede dar o negar su consentimiento y cambiar su elección en cualquier momento.", "Aceptar"),
        "login": ("Iniciar sesión", "Escriba su correo y su contraseña para seguir leyendo. Si no tiene cuenta, puede crear una en un minuto.", "Iniciar sesión"),
        "gone": ("Página no encontrada", "La página que busca no existe o se ha movido. Compruebe la dirección o vuelva a la portada.", "Portada"),
        "maintenance": ("En mantenimiento", "Nuestro sitio está en mantenimiento. Disculpe las molestias, volveremos en unas horas.", "Reintentar"),
    },
    "pt": {
        "consent": ("A sua privacidade", "Nós e os nossos parceiros usamos cookies para mostrar publicidade e contar visitas. Pode dar ou recusar o consentimento e mudar de ideia quando quiser.", "Aceitar"),
        "login": ("Entrar", "Escreva o seu e-mail e a sua senha para continuar a ler. Se não tem conta, crie uma num minuto.", "Entrar com senha"),
        "gone": ("Página não encontrada", "A página que procura não existe ou foi movida. Verifique o endereço ou volte ao início.", "Início"),
        "maintenance": ("Em manutenção", "O nosso site está em manutenção. Pedimos desculpa e voltamos dentro de algumas horas.", "Tentar de novo"),
    },
    "it": {
        "consent": ("La tua privacy", "Noi e i nostri partner usiamo cookie per mostrare pubblicità e contare le visite. Puoi dare o negare il consenso e cambiare idea in ogni momento.", "Accetta i cookie"),
        "login": ("Accedi per continuare", "Inserisci il tuo indirizzo e la password. Se non hai un account, puoi crearne uno in un minuto.", "Accedi"),
        "gone": ("Pagina non trovata", "La pagina che cerchi non esiste più o è stata spostata. Controlla l'indirizzo o torna alla prima pagina.", "Prima pagina"),
        "maintenance": ("Manutenzione", "Il nostro sito è in manutenzione. Ci scusiamo e torneremo fra qualche ora.", "Riprova"),
    },
    "nl": {
        "consent": ("Jouw privacy", "Wij en onze partners gebruiken cookies om advertenties te tonen en bezoeken te tellen. Je kunt toestemming geven of weigeren en je keuze altijd wijzigen.", "Akkoord"),
        "login": ("Inloggen", "Vul je adres en je wachtwoord in om verder te lezen. Heb je geen account, dan maak je er in een minuut een.", "Inloggen"),
        "gone": ("Pagina niet gevonden", "De pagina die je zoekt bestaat niet meer of is verplaatst. Controleer het adres of ga naar de voorpagina.", "Voorpagina"),
        "maintenance": ("Onderhoud", "Onze site is in onderhoud. Excuses voor het ongemak, over een paar uur zijn we terug.", "Opnieuw"),
    },
    "pl": {
        "consent": ("Twoja prywatność", "My i nasi partnerzy używamy plików cookie, aby wyświetlać reklamy i liczyć wizyty. Możesz wyrazić zgodę lub odmówić i w każdej chwili zmienić zdanie.", "Zgadzam się"),
        "login": ("Zaloguj się", "Podaj adres i hasło, aby czytać dalej. Jeśli nie masz konta, założysz je w minutę.", "Zaloguj się"),
        "gone": ("Nie znaleziono strony", "Strona, której szukasz, nie istnieje albo została przeniesiona. Sprawdź adres lub wróć na stronę główną.", "Strona główna"),
        "maintenance": ("Prace konserwacyjne", "Trwają prace konserwacyjne. Przepraszamy i wrócimy za kilka godzin.", "Odśwież"),
    },
    "ru": {
        "consent": ("Ваша конфиденциальность", "Мы и наши партнёры используем файлы cookie, чтобы показывать рекламу и считать посещения. Вы можете дать согласие или отказаться и в любое время изменить решение.", "Согласен"),
        "login": ("Вход", "Введите адрес и пароль, чтобы читать дальше. Если у вас нет учётной записи, её можно создать за минуту.", "Войти"),
        "gone": ("Страница не найдена", "Страница, которую вы ищете, не существует или перемещена. Проверьте адрес или вернитесь на главную.", "На главную"),
        "maintenance": ("Технические работы", "На сайте идут технические работы. Приносим извинения и вернёмся через несколько часов.", "Обновить"),
    },
    "ar": {
        "consent": ("خصوصيتك", "نستخدم نحن وشركاؤنا ملفات تعريف الارتباط (cookies) لعرض الإعلانات وإحصاء الزيارات. يمكنك الموافقة أو الرفض وتغيير اختيارك في أي وقت.", "موافق"),
        "login": ("تسجيل الدخول", "أدخل عنوانك وكلمة المرور لمتابعة القراءة. إذا لم يكن لديك حساب فيمكنك إنشاؤه في دقيقة.", "تسجيل الدخول"),
        "gone": ("الصفحة غير موجودة", "الصفحة التي تبحث عنها غير موجودة أو تم نقلها. تحقق من العنوان أو عد إلى الصفحة الرئيسية.", "الرئيسية"),
        "maintenance": ("أعمال صيانة", "الموقع قيد الصيانة حالياً. نعتذر عن الإزعاج وسنعود خلال ساعات.", "حاول مجدداً"),
    },
    "ja": {
        "consent": ("プライバシーについて", "当社と提携先は、広告の表示と訪問数の計測のためにクッキー(cookie)を使用します。同意するか拒否するかを選べ、いつでも変更できます。", "同意する"),
        "login": ("ログイン", "続きを読むにはメールアドレスとパスワードを入力してください。アカウントがない方は一分で作成できます。", "ログイン"),
        "gone": ("ページが見つかりません", "お探しのページは存在しないか、移動しました。アドレスを確認するか、トップページに戻ってください。", "トップ"),
        "maintenance": ("メンテナンス中", "ただいまメンテナンスを行っております。ご迷惑をおかけしますが、数時間後に再開します。", "再読み込み"),
    },
    "tr": {
        "consent": ("Gizliliğiniz", "Biz ve ortaklarımız reklam göstermek ve ziyaretleri saymak için çerez (cookie) kullanıyoruz. Onay verebilir veya reddedebilir, seçiminizi her zaman değiştirebilirsiniz.", "Kabul et"),
        "login": ("Giriş yap", "Okumaya devam etmek için adresinizi ve şifrenizi girin. Hesabınız yoksa bir dakikada oluşturabilirsiniz.", "Giriş yap"),
        "gone": ("Sayfa bulunamadı", "Aradığınız sayfa mevcut değil veya taşındı. Adresi kontrol edin ya da ana sayfaya dönün.", "Ana sayfa"),
        "maintenance": ("Bakım", "Sitemizde bakım çalışması var. Özür dileriz, birkaç saat içinde döneceğiz.", "Yenile"),
    },
}  # fmt: skip
CASES = [(language, kind) for language, kinds in TEXTS.items() for kind in (*kinds, "list")]
URL = "https://paper.example/{}/2026/03/the-bridge-is-closed-again"


def stands_instead(language: str, kind: str) -> str:
    heading, text, button = TEXTS[language][kind]
    field = '<form><input type="email"><input type="password"></form>' if kind == "login" else ""
    return (
        f'<html lang="{language}"><head><meta charset="utf-8"><title>{heading} – Paper</title></head><body>'
        f"<header><nav><a href='/'>Paper</a></nav></header><main><h1>{heading}</h1><p>{text}</p>{field}"
        f"<button>{button}</button></main><footer><a href='/about'>Paper</a></footer></body></html>"
    )


def listed(language: str) -> str:
    """A section's page, without article elements: headings that lead to articles, each with a line below."""
    lines = [text for _, text, _ in TEXTS[language].values()] * 3
    teasers = "".join(
        f'<div class="item"><h3><a href="/{language}/2026/03/story-{number}">{line[:40]}</a></h3><p>{line}</p></div>'
        for number, line in enumerate(lines)
    )
    title = TEXTS[language]["gone"][2]
    return (
        f'<html lang="{language}"><head><meta charset="utf-8"><title>{title} – Paper</title></head>'
        f"<body><main><h1>{title}</h1>{teasers}</main></body></html>"
    )


@pytest.mark.parametrize(("language", "kind"), CASES)
def test_it_is_no_record(language: str, kind: str) -> None:
    page = listed(language) if kind == "list" else stands_instead(language, kind)
    made = extract(page.encode(), URL.format(language), fetched_at=FETCHED)
    assert not isinstance(made, Article), made.headline
