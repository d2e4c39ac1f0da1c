"""Chinese text as it is read aloud: dates, money, telephone numbers, fractions and counts.

The order of the rules and what they match follow SpeechIO's `cn_tn.py`
(github.com/speechio/chinese_text_normalization), whose TextNorm the published scores use.
"""

import re
import string
from collections.abc import Callable

DIGITS = "零一二三四五六七八九"
UNITS = {1: "十", 2: "百", 3: "千", 4: "万", 8: "亿", 12: "兆", 16: "京", 20: "垓", 24: "秭"}
UNITS |= {28: "穰", 32: "沟"}
_AMOUNT = "(?:亿|千万|百万|万|千|百)"
_MONEY = rf"(?:{_AMOUNT}(?:元|块)?|元|块|角|毛|分)"
_MEASURES = (
    "匹张座回场尾条个首阙阵网炮顶丘棵只支袭辆挑担颗壳窠曲墙群腔砣客贯扎捆刀令打手罗坡山岭江溪钟队单双对出口头脚板"
    "跳枝件贴针线管名位身堂课本页家户层丝毫厘分钱两斤铢石钧锱忽寸尺丈里寻常铺程米撮勺合升斗盘碗碟叠桶笼盆盒杯斛锅簋"
    "篮罐瓶壶卮盏箩箱煲啖袋钵年月日季刻时周天秒旬纪岁世更夜春夏秋冬代伏辈丸泡粒幢堆根道面片块"
)
_MEASURE = rf"(?:[千毫微]克|[千分厘毫微]米|[{_MEASURES}])"
_PAUSES = (
    "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿"
    "–—‘’‛“”„‟…‧﹏·〈〉-"
)
_TO_BLANKS = str.maketrans({sign: " " for sign in _PAUSES + string.punctuation})


def spoken_chinese(text: str) -> str:
    """Return the text with numbers in words and blanks for punctuation."""
    year, month = r"(?:[089]\d|19\d\d|20\d\d)年", r"\d{1,2}月(?:\d{1,2}[日号])?"
    text = _rewrite(rf"(?<!\d)(?:{year}(?:{month})?|{month})", text, _date)
    text = _rewrite(rf"\d+(?:\.\d+)?[多余几]?{_MONEY}(?:\d{_MONEY}?)?", text, _numbers_in)
    mobile = r"(?<!\d)(?:\+?86 ?)?1(?:[38]\d|5[0-35-9]|7[678]|9[89])\d{8}(?!\d)"
    text = _rewrite(mobile, text, _each)
    text = _rewrite(r"(?<!\d)(?:0(?:10|2[1-3]|[3-9]\d{2})-?)?[1-9]\d{6,7}(?!\d)", text, _each)
    text = _rewrite(r"\d+/\d+", text, _fraction)
    text = _rewrite(r"\d+(?:\.\d+)?%", text.replace("％", "%"), lambda n: "百分之" + number(n[:-1]))
    text = _rewrite(rf"\d+(?:\.\d+)?(?=[多余几]?{_MEASURE})", text, number)
    text = _rewrite(r"\d{4,32}", text, _each)
    text = _rewrite(r"\d+(?:\.\d+)?", text, number)
    text = re.sub(r"([a-zA-Z]+)二([a-zA-Z]+)", r"\g<1>2\2", text)  # O2O is no two
    return text.translate(_TO_BLANKS)


def _rewrite(pattern: str, text: str, say: Callable[[str], str]) -> str:
    """Say every match, at the first place where its text is found.

    As published: a number that is also part of an earlier one is replaced there.
    """
    for found in re.findall(pattern, text):
        text = text.replace(found, say(found), 1)
    return text


def number(text: str) -> str:
    """Read a number such as "324.75" as a quantity."""
    whole, _, parts = text.partition(".")
    said = _quantity(whole) if len(whole) > 1 else _digits(whole)
    said = re.sub(r"(?<![十零一二三四五六七八九])二(?=[百千万亿兆])", "两", said)
    said += "点" + _digits(parts) if parts else ""
    if said.startswith("点"):
        return "零" + said
    return said[1:] if said.startswith("一十") else said


def _quantity(text: str) -> str:
    """Read digits with units, zeros between them included."""
    bare = text.lstrip("0")
    if not bare:
        return ""
    if len(bare) == 1:
        return ("零" if len(text) > 1 else "") + _digits(bare)
    power = max(p for p in UNITS if p < len(bare))
    return _quantity(text[:-power]) + UNITS[power] + _quantity(bare[-power:])


def _digits(text: str) -> str:
    return "".join(DIGITS[int(c)] for c in text)


def _each(text: str) -> str:
    """Read digit by digit, without the plus, blanks and dashes of telephone numbers."""
    return _digits(re.sub(r"\D", "", text))


def _date(text: str) -> str:
    """Read the digits of a year one by one, those of a month and a day as numbers."""
    year, mark, rest = text.rpartition("年")
    return _digits(year) + mark + _numbers_in(rest)


def _fraction(text: str) -> str:
    above, below = text.split("/")
    return number(below) + "分之" + number(above)


def _numbers_in(text: str) -> str:
    return re.sub(r"\d+(?:\.\d+)?", lambda found: number(found[0]), text)
