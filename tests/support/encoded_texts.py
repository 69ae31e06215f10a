"""Texts in many languages and their legacy encodings, to be told apart by their bytes.

Rule: everyday sentences of our own, including short ones; a codec has its Python name.
"""

from __future__ import annotations

RUSSIAN = (
    "Привет!",
    "Список покупок: хлеб, молоко, сыр и два яблока.",
    "ВНИМАНИЕ! НЕ ОТКРЫВАТЬ БЕЗ РАЗРЕШЕНИЯ ДЕЖУРНОГО.",
    "Ошибка 5: файл «отчёт.doc» не найден\r\nПовторите попытку позже\r\n",
    "2024-03-01 12:00:01 INFO сервер запущен\n2024-03-01 12:00:02 WARN мало места на диске\n",
    "съешь же ещё этих мягких французских булок, да выпей чаю",
    "Иванов Иван Иванович; Санкт-Петербург; +7 812 555-01-01",
    "[Настройки]\nЯзык=русский\nПуть=C:\\Program Files\\Игра\n",
    "Завтра в девять утра собрание, возьми с собой все бумаги и ключи от кабинета.",
)
UKRAINIAN = (
    "Сьогодні вранці йшов дощ, а тепер світить сонце.",
    "Їжак їв ягоди біля ґанку, і його ніхто не бачив.",
)
WESTERN = (
    "déjà vu, façade, Noël à l'été",
    "Die Straße führt über die Brücke zum schönen Schloß.",
    "El niño comió la piña mañana por la mañana. ¿Qué pasó?",
    "Smörgåsbord på svenska: åäö ÅÄÖ",
    "He said “hello” – and left… at 5 °C",
    "São Paulo não é a capital; a informação está à direita.",
    "ÜBERSICHT: ÄNDERUNGEN UND MAẞE".replace("ẞ", "SS"),
    "caf\xe9",
    "5 µm ± 1, 3 × 4 m², ½ l",
    "Price: 20 £ or 25 €",
)
CENTRAL = (
    "Zażółć gęślą jaźń, proszę o świeże bułki i mąkę.",
    "Příliš žluťoučký kůň úpěl ďábelské ódy.",
)
JAPANESE = (
    "今日はとても良い天気ですね。明日も晴れるでしょう。",
    "設定ファイルを読み込めませんでした。もう一度お試しください。",
    "ありがとう",
    "東京都の会議室で書類を確認します",
    "ﾃｽﾄです。これはﾊﾟｽﾜｰﾄﾞです",
    "エラー: サーバーに接続できません (コード 5)",
)
SIMPLIFIED = (
    "今天的天气很好，我们去公园吧。",
    "系统错误：无法打开文件，请稍后再试。",
    "你好，世界",
    "这是我们公司的第三个项目，时间不多了。",
    "服务器已经启动\n用户登录成功\n",
)
TRADITIONAL = (
    "今天的天氣很好，我們去公園吧。",
    "這是我們公司的第三個專案，時間不多了。",
    "系統發生錯誤，無法開啟檔案。",
)
KOREAN = (
    "오늘은 날씨가 아주 좋습니다. 내일도 맑겠습니다.",
    "파일을 열 수 없습니다. 다시 시도하십시오.",
    "안녕하세요",
    "서버가 시작되었습니다\n사용자가 로그인했습니다\n",
)
# Encodings that are not detected among the 8-bit ones.
OTHERS = (
    "Καλημέρα κόσμε, τι κάνεις σήμερα;",
    "สวัสดีครับ วันนี้อากาศดี",
    "مرحبا بالعالم كيف حالك",
    "שלום עולם מה שלומך",
)

TABLE = (
    "┌────────┬──────┐\n│ Товар  │ Цена │\n├────────┼──────┤\n│ Молоко │   12 │\n"
    "│ Хлеб   │    8 │\n└────────┴──────┘\nИтого: двадцать рублей\n"
)

# The codec, its name in browsers, and the text.
ENCODED_TEXTS = [
    *((text, "cp1251", "windows-1251") for text in RUSSIAN + UKRAINIAN),
    *((text, "cp866", "ibm866") for text in RUSSIAN if "«" not in text),
    (TABLE, "cp866", "ibm866"),
    *((text, "koi8-r", "koi8-r") for text in RUSSIAN if "«" not in text),
    *((text, "cp1252", "windows-1252") for text in WESTERN),
    *((text, "cp1250", "windows-1250") for text in CENTRAL),
    *((text, "shift_jis", "shift_jis") for text in JAPANESE),
    *((text, "euc_jp", "euc-jp") for text in JAPANESE),
    *((text, "iso2022_jp", "iso-2022-jp") for text in JAPANESE if "ﾃ" not in text),
    *((text, "gbk", "gb18030") for text in SIMPLIFIED),
    *((text, "big5", "big5") for text in TRADITIONAL),
    *((text, "cp949", "euc-kr") for text in KOREAN),
    *(
        (text, f"utf-16-{end}", f"utf-16{end}")
        for end in ("le", "be")
        for text in (*RUSSIAN, *WESTERN, *JAPANESE[:2], *SIMPLIFIED, *KOREAN, *OTHERS)
        if any(letter in text for letter in " ,\n。，")
    ),
]

# Likewise for texts that declare their encoding, correctly or not.
DECLARED = [
    ('<?xml version="1.0" encoding="iso-8859-2"?><a>zażółć</a>', "iso-8859-2", "iso-8859-2"),
    ('<meta charset="koi8-u"><p>Ї</p>', "koi8-u", "koi8-u"),
    ('<?xml version="1.0" encoding="windows-1251"?><a>Привет</a>', "utf-8", "utf-8"),
    ('<?xml version="1.0" encoding="klingon"?><a>Привет, мир</a>', "cp1251", "windows-1251"),
]
