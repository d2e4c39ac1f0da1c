"""Chinese words -> a condition and its qualifiers, as `english.py` and `qualifiers.py` do."""

import re
from typing import Any

from omnilive.dialogue.watches.clause import NOISE, Clause, unclear
from omnilive.dialogue.watches.english import flood
from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.nouns import find_noun_zh, tag_of, unseen
from omnilive.dialogue.watches.numbers import (
    ZH_DURATION,
    ZH_NUMBER,
    hhmm,
    zh_number,
    zh_seconds,
)
from omnilive.dialogue.watches.outcome import Unread
from omnilive.dialogue.watches.qualifiers import (
    PARTS_OF_DAY,
    SURE,
    WEEKDAYS,
    WEEKEND,
    Qualifiers,
    finish_targets,
    no_channel,
    no_source,
    webhook,
)
from omnilive.dialogue.watches.rule import (
    Absent,
    All,
    Any_,
    Count,
    Lasts,
    Mqtt,
    Not,
    Object,
    Scene,
    Schedule,
    Sequence,
    Sound,
    Speech,
    Text,
)  # fmt: skip
from omnilive.dialogue.watches.shield import Shielded

_DAY = r"(?:周|星期|礼拜)([一二三四五六日天])"
_UNIT = r"(?:个|辆|只|条|位|名|张|把|台|头|匹|次|回|瓶|本)"
_TELL = (
    r"(?:请|麻烦你?|帮我|你|并|再|然后|都|就|要|可以|能不能|能)*"
    r"(?:告诉|提醒|通知|叫|警告|喊|知会|报告)(?:我们|我|一下我)(?:一下|一声)?(?:吗)?|"
    r"(?:就|请|并)*(?:报警|发出警报|提醒一下|发个?通知|通知一下)|帮我(?:留意|盯着|注意|看着)|(?:请)?(?:留意|注意)|(?:就|请|并)*(?:记下来|记录下来|记一下)"
)
_PARTS = (
    ("夜里|夜间|晚上|深夜|半夜", "night"),
    ("早上|早晨|上午", "morning"),
    ("下午", "afternoon"),
    ("傍晚", "evening"),
    ("白天", "day"),
)
_EACH = rf"每(?:隔|过)?(?:({ZH_DURATION})|(个?(?:小时|钟头|半小时|分钟|天)))"
_UNHEARD = (
    r"笑|哭|门铃|铃声|铃响|电话响|手机响|玻璃(?:破|碎)|破碎声|敲门|咳嗽|打喷嚏|打鼾|狗叫|猫叫|狗吠|警报|"
    r"鼓掌|掌声|枪声|爆炸|雷声|脚步声|水开|尖叫|喇叭|哨声|声音|响声"
)
_ACTION = (
    r"摔倒|跌倒|倒下|打架|睡着|睡觉|跑步|抽烟|吸烟|开门|关门|吃|喝|挥手|跳舞|打电话|看书|写字|举手|哭|笑|"
    r"做饭|洗|站起来|坐下|变绿|变红|打开|关上|着火|冒烟"
)
_LEAVES = (
    r"离开|走了|走掉|走开|走远|消失|不见|拿走|被偷|没了|出去|开走|飞走|跑掉|跑了|跑出去|跑走|走出|"
    r"拿掉|取走"
)
_FILL = (
    r"有人把|有|出现|进来|进入|进门|进|过来|开过来|来了|来|经过|路过|走过|开过|飞过|通过|看到|看见|发现|"
    r"检测到|走进|走到|到达|到|在画面[里中]|在|被|了|的|时候|时|一|个|辆|只|条|位|名|张|把|台|头|匹|瓶|本|"
    r"画面[里中]|镜头[里前]|屋里|房间里?|门口|门前|外面|院子里?|家里?|厨房里?|左边|右边|中间|左侧|右侧|停留|停|"
    r"待着|待|站着|站|坐着|坐|等|还|都|就|再|又|从|把|任何|任意|过|着|上|里|我|桌子?|它|那|这|车道"
)


def read_chinese(shielded: Shielded, known: Known) -> tuple[Clause | None, Qualifiers]:
    """Read a whole Chinese sentence; no clause for a periodic digest. Raises Unread."""
    found = Qualifiers(re.sub(r"\s+(?![A-Za-z])|(?<![A-Za-z0-9])\s+", "", shielded.text))
    _qualifiers(found, shielded, known)
    finish_targets(found)
    if found.every_s is not None:
        return None, found
    if re.search(r"怎么样|什么|吗[??]?$|几点|哪里|为什么|多少[??]?$", found.text) and not re.search(
        _TELL, found.text
    ):
        raise unclear(shielded.restore(found.text))
    text = _strip(found.text)
    if re.search(r"每一?帧|每一?个?画面|任何(?:东西|动静|事|变化|情况)|所有东西|一切", text):
        raise flood()
    if not re.search(r"[\u4e00-\u9fffA-Za-z0-9]", text):
        raise unclear("")
    count = re.match(r"(?:请|帮我)*(?:数一?数|数一下|统计一?下?|计数|清点)(?:有多少)?(.+)$", text)
    if count:
        clause = _order(count[1], shielded, known)
        return Clause(Count(of=clause.what, n=1, scope="total", each=True)), found
    return _order(text, shielded, known), found


def _strip(text: str) -> str:
    for pattern in (
        rf"[,、。;]?(?:就|请|则|,)*(?:{_TELL})[。!!,,]?",
        r"^(?:请|麻烦)?(?:当|如果|假如|要是|若|一旦|只要|每当|每次|每回|在)",
        r"(?:的时候|之时|的话|(?<!小)时|就)(?=$|[,。])",
        r"(?:就)(?=$)",
    ):
        text = re.sub(pattern, ",", text) if pattern[0] != "^" else re.sub(pattern, "", text)
    text = text.strip(",。;!: 、")
    text = re.sub(r"^(?:当|如果|假如|要是|若|一旦|只要|每当|每次|每回)", "", text)
    text = re.sub(r",{2,}", ",", text)
    return re.sub(r"(?:的时候|(?<!小)时|就|的话)$", "", text).strip(",。;!: ")


def _qualifiers(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    if match := found.take(r"(?:就|请|并|然后|,)+说:?Q(\d+)Q", put=""):
        found.fields["say"] = shielded.quotes[int(match[1])]
    elif match := found.take(r"就说:?([^Q,。]{1,60})[。!]?$", put=""):
        found.fields["say"] = shielded.restore(match[1])
    if found.take(
        r"(?:就|请|并|,)*(?:读出|念出|朗读|读一?下|念一?下)(?:标题|文字|内容|来|它)*", put=""
    ):
        found.fields["say"] = "{text}"
    if match := re.search(r"邮件|短信|微信|电话通知|打电话给我|钉钉|QQ", found.text):
        raise no_channel(match[0])
    while match := found.take(
        r",?(?:并|就|请)?(?:把\w+)?(?:发送|推送|发|提交|通知|回调)?(?:到|给|至)?U(\d+)U", ""
    ):
        found.targets.append(webhook(shielded.urls[int(match[1])]))
    if match := found.take(r",?(?:并|就)?(?:发布|发送|发)?到?MQTT(?:的)?主题([\w/$.-]+)", ""):
        found.targets.append(Mqtt(topic=match[1]))
    _how_often(found)
    _schedule(found)
    low = found.take(r"悄悄地?|安静地|静静地|不要出声|别出声", "")
    high = found.take(r"马上|立即|立刻|紧急|赶快|尽快", "")
    if low or high:
        found.fields["urgency"] = "low" if low else "high"
    if match := found.take(
        r"(?:有|至少)*(\d{1,3})%以?上?的?(?:把握|确定|可信度?)(?:时|才|再)*", ""
    ):
        found.fields["min_confidence"] = min(int(match[1]), 100) / 100
    elif found.take(r"(?:只有)?(?:非常|十分|很)?(?:确定|肯定)(?:时|才|再|的时候|的话)+", ""):
        found.fields["min_confidence"] = SURE
    for name in sorted(known.sources, key=len, reverse=True):
        if found.take(rf"(?:在|从)?{re.escape(name)}(?:摄像头|镜头|上|里|中)+", ""):
            found.fields["where"] = (name,)
    if match := re.search(r"(?:在|从)([\w-]{1,12}?)摄像头", found.text):
        raise no_source(match[1], known)


def _how_often(found: Qualifiers) -> None:
    tell = r"(?:提醒|通知|告诉|报告|说)?(?:我)?"
    match = found.take(rf"[,、]?(?:但)?(?:最多|至多|顶多){_EACH}{tell}一次", "") or found.take(
        rf"[,、]?(?:但)?{_EACH}(?:最多|至多|顶多|只|仅){tell}一次", ""
    )
    if match:
        found.fields["cooldown_s"] = _length(match[1] or match[2])
    once = [
        found.take(rf",?(?:但)?(?:只|仅|就){tell}一次(?::|:|,)?", ""),
        found.take(r",?(?:只在)?(?:第一次|首次|下一次|下次)", ""),
        found.take(r",?(?:然后|之后|就)(?:停止|结束|停)", ""),
    ]
    if any(once):
        found.fields["repeat"] = "once"
    if re.search(r"总结|汇总|一句话|一行|摘要|概括|报告|说说", found.text):
        match = found.take(_EACH, "")
        found.every_s = _length(match[1] or match[2]) if match else None


def _length(text: str) -> float:
    text = text.removeprefix("个")
    if re.match(ZH_NUMBER, text):
        return zh_seconds(text)
    return zh_seconds("一" + text)


def _schedule(found: Qualifiers) -> None:
    days: tuple[int, ...] | None = None
    if found.take(r"(?:只|仅)?在?(?:工作日|周一[到至]周五|星期一[到至]星期五|平日)(?:的|里)?", ""):
        days = WEEKDAYS
    elif found.take(r"(?:只|仅)?在?(?:周末|礼拜天和礼拜六|双休日)(?:的|里)?", ""):
        days = WEEKEND
    elif match := found.take(rf"(?:只|仅)?在?(?:每个?)?{_DAY}(?:(?:、|和|及|,){_DAY})*(?:的)?", ""):
        signs = re.findall(_DAY, match[0])
        days = tuple(sorted({"一二三四五六日".find(sign.replace("天", "日")) for sign in signs}))
    span = None
    half = r"(上午|早上|中午|下午|晚上|凌晨|夜里)?"
    clock = rf"{half}({ZH_NUMBER})(?:点(半|({ZH_NUMBER})分?)?|:(\d\d))"
    match = found.take(rf"(?:只|仅)?(?:在|从)?{clock}(?:到|至|-|—|~){clock}(?:之间|期间)?,?", "")
    if match:
        span = (_clock(match.groups()[:5], ""), _clock(match.groups()[5:], match[1] or ""))
    else:
        for words, part in _PARTS:
            if found.take(rf",?(?:只|仅)?在?(?:{words}),?", ""):
                span = PARTS_OF_DAY[part]
                break
    if days is not None or span is not None:
        start, end = span or ("00:00", "00:00")
        found.fields["when"] = Schedule(days=days or (), start=start, end=end)


def _clock(groups: tuple[str | None, ...], before: str) -> str:
    half, hour, half_past, minute, digits = groups
    value = int(zh_number(hour or "0"))
    if (
        (half or before) in ("下午", "晚上", "夜里")
        and 0 < value < 12
        and (half or before != "晚上")
    ):
        value += 12
    minutes = 30 if half_past == "半" else int(zh_number(minute)) if minute else int(digits or 0)
    if value > 24 or minutes > 59:
        raise Unread("time", f"没有{value}点{minutes}分这个时间:请说“从9点到17点半”。")
    return hhmm(value * 60 + minutes)


def _order(text: str, shielded: Shielded, known: Known) -> Clause:
    for pattern in (
        r"^先(.+?),?(?:然后|接着|之后|再)(.+)$",
        r"^(.+?)(?:之后|以后|过后|后),?(.+)$",
        r"^(.+?),?(?:然后|接着)(.+)$",
    ):
        match = re.match(pattern, text)
        if match is None:
            continue
        first, then = match[1], match[2]
        within = re.search(rf"(?:在)?({ZH_DURATION})(?:之内|以内|内)", then)
        then = then.replace(within[0], "") if within else then
        a, b = _combine(first, shielded, known), _combine(then, shielded, known)
        within_s = zh_seconds(within[1]) if within else None
        what = Sequence(first=a.what, then=b.what, within_s=within_s)
        return Clause(what, notes=a.notes + b.notes)
    return _combine(text, shielded, known)


def _combine(text: str, shielded: Shielded, known: Known) -> Clause:
    if re.search(r"Q\d+Q(?:、|和|或者?)+Q\d+Q", text):
        return _measured(text, shielded, known)
    pair = re.match(
        r"^(?:有)?(.{1,8}?)(?:和|与|跟)(.{1,8}?)(?:同时|一起|都)(?:出现|在|存在|在画面[里中])?$",
        text,
    )
    if pair:
        parts = [_level(_atom(part, shielded, known).what) for part in pair.groups()]
        return Clause(All(of=tuple(parts)))
    for pattern, kind in (
        (r"^(.+?),?(?:但是|但|却|而)(.+)$", "all"),
        (r"^(.+?),?(?:并且|而且|同时)(.+)$", "all"),
        (r"^(.+?),?(?:或者|或)(.+)$", "any"),
    ):
        match = re.match(pattern, text)
        if (
            match is None
            or re.match(rf"有?(?:{ZH_NUMBER})", match[2])
            or match[1] in ("画面里", "画面中")
        ):
            continue
        a, b = _combine(match[1], shielded, known), _combine(match[2], shielded, known)
        notes = a.notes + b.notes
        if kind == "all":
            return Clause(All(of=(_level(a.what), _level(b.what))), notes=notes)
        if isinstance(a.what, Object) and isinstance(b.what, Object):
            return Clause(
                Object.model_validate(
                    {**b.what.model_dump(), "labels": (*a.what.labels, *b.what.labels)}
                )
            )
        return Clause(Any_(of=(a.what, b.what)), notes=notes)
    return _measured(text, shielded, known)


def _level(condition: Any) -> Any:
    if isinstance(condition, Object | Text | Sound | Scene) and condition.event == "appears":
        if isinstance(condition, Scene) and condition.change:
            return condition
        return type(condition).model_validate({**condition.model_dump(), "event": "present"})
    return condition


def _measured(text: str, shielded: Shielded, known: Known) -> Clause:
    window = re.search(rf"(?:在)?({ZH_DURATION})(?:之内|以内|内)", text)
    if window:
        rest = text.replace(window[0], "")
        if number := _number(rest, shielded, known):
            what = Count.model_validate(
                {**number.model_dump(), "scope": "total", "window_s": zh_seconds(window[1])}
            )
            inner = what.of.model_dump() | {"event": "appears"}
            return Clause(Count.model_validate({**what.model_dump(), "of": inner}))
    length = re.search(
        rf"(?:了)?(?:超过|持续|长达|已经|连续|达到?|满)*({ZH_DURATION})(?:以上|之久|多)?(?:都)?",
        text,
    )
    rest = text.replace(length[0], "") if length else text
    times = re.search(rf"({ZH_NUMBER})(?:次|遍|回)$", rest)
    if times and not length:
        clause = _atom(rest[: times.start()], shielded, known)
        return Clause(Count(of=clause.what, n=int(zh_number(times[1])), scope="total"))
    if re.search(r"没有声音|没声音|安静|寂静|静下来", rest):
        noise = Sound(names=tuple(n for n in NOISE if n in known.sounds) or NOISE, event="present")
        return Clause(Absent(of=noise, for_s=zh_seconds(length[1])) if length else Not(of=noise))
    if re.search(r"没有?(?!了)|不在|空了|空无一人|都走了|无人", rest):
        return _absence(rest, length, shielded, known)
    if number := _number(rest, shielded, known):
        return Clause(Lasts(of=number, for_s=zh_seconds(length[1])) if length else number)
    clause = _atom(rest, shielded, known)
    if length is None:
        return clause
    return Clause(Lasts(of=_level(clause.what), for_s=zh_seconds(length[1])), notes=clause.notes)


def _absence(text: str, length: re.Match[str] | None, shielded: Shielded, known: Known) -> Clause:
    if re.search(r"空了|空无一人|都走了|无人", text):
        of: Any = Object(labels=("person",), event="present")
    else:
        rest = re.sub(r"没看[到见]|没有出现|没出现|没有|不在|没", "有", text)
        of = _level(_atom(rest, shielded, known).what)
    return Clause(Absent(of=of, for_s=zh_seconds(length[1])) if length else Not(of=of))


def _number(text: str, shielded: Shielded, known: Known) -> Count | None:
    more = r"(?P<op>超过|多于|大于|至少|不少于|最多|至多|不超过|少于|不到|低于|正好|恰好|刚好)?"
    match = re.search(rf"{more}(?P<n>{ZH_NUMBER}){_UNIT}(?P<up>以上|以下|或更多)?", text)
    noun = find_noun_zh(text, known)
    if match is None or noun is None or match["n"] == "半":
        return None
    n, op = int(zh_number(match["n"])), match["op"] or ""
    if n == 1 and not op and not match["up"]:
        return None
    sign = ">="
    if op in ("超过", "多于", "大于"):
        n += 1
    elif op in ("少于", "不到", "低于"):
        sign, n = "<=", n - 1
    elif op in ("最多", "至多", "不超过") or match["up"] == "以下":
        sign = "<="
    elif op in ("正好", "恰好", "刚好"):
        sign = "=="
    if n < 0:
        raise Unread("never", "数量不会少于零:请换一个数。")
    return Count.model_validate({"of": _level(noun.object()).model_dump(), "op": sign, "n": n})


def _atom(text: str, shielded: Shielded, known: Known) -> Clause:
    text = text.strip(",。 ")
    quotes = tuple(shielded.quoted(text))
    leaves = bool(re.search(_LEAVES, text))
    if re.search(r"翻页|换页|新的一页|新页面|下一页|幻灯片|翻到", text):
        return Clause(Text())
    spoken = re.search(r"(?:提到|提起|说到|说出|说起|说|喊|讲到|念到|叫)(?:了|出|着)?(.+)$", text)
    about = re.search(r"(?:谈到|谈论|谈起|讨论|聊到|聊起|聊)(?:了|起)?(.+)$", text)
    written = re.search(r"字|屏幕|画面|写着|显示|标题|文本|提示|看到|看见", text)
    if quotes and written and not spoken:
        return Clause(
            Text.model_validate({"contains": quotes, "event": "leaves" if leaves else "appears"})
        )
    if re.search(r"文字|字幕", text) and not spoken:
        return Clause(Text())
    if about:
        return Clause(Speech(meaning=shielded.restore(about[1])))
    if spoken and not re.match(r"话|唱", spoken[1]) and not re.search(r"狗叫|猫叫|尖叫", text):
        said = tuple(re.split(r"或者?|、", spoken[1])) if not quotes else quotes
        return Clause(Speech(any_of=tuple(word for word in said if word)))
    if (heard := _heard(text, known)) is not None:
        return heard
    if re.search(
        r"(?:画面|场景|镜头|视角)(?:切换|变化|变了|改变|转换)|换(?:了)?(?:画面|场景|镜头)", text
    ):
        return Clause(Scene(change=True))
    if re.search(r"变黑|黑屏|灯灭|灯关|关灯|熄灯|天黑|停电|变暗|暗下来", text):
        return Clause(Scene(colour="black"), notes=("这里的“暗”是指画面大部分为黑色。",))
    if re.search(_UNHEARD, text):
        raise unseen(f"“{shielded.restore(text)}”", known, is_sound=True)
    return _thing(text, shielded, known, leaves)


def _heard(text: str, known: Known) -> Clause | None:
    for name, words in (
        ("singing", "唱歌|歌声|唱"),
        ("music", "音乐|歌曲|乐曲"),
        ("speech", "说话|讲话|人声|交谈|聊天"),
    ):
        if re.search(words, text):
            if name not in known.sounds:
                raise unseen(name, known, is_sound=True)
            ends = re.search(r"停|结束|完了|不再|没了", text)
            return Clause(
                Sound.model_validate({"names": (name,), "event": "leaves" if ends else "appears"})
            )
    return None


def _thing(text: str, shielded: Shielded, known: Known, leaves: bool) -> Clause:
    noun = find_noun_zh(text, known)
    object_noun = re.search(r"把(.+?)(?:拿走|拿掉|取走|偷走)", text)
    if object_noun:
        noun = find_noun_zh(object_noun[1], known) or noun
    if noun is None:
        if tag := tag_of(shielded.restore(text), known):
            return Clause(Scene(tags=(tag,)))
        left = re.sub(rf"{_FILL}|{_LEAVES}", "", text)
        if len(left) >= 2:
            raise unseen(shielded.restore(left), known)
        raise unclear(shielded.restore(text))
    rest = text.replace(noun.phrase, "", 1) if not object_noun else ""
    rest = re.sub(rf"{_LEAVES}|[黑白灰棕红橙黄绿青蓝紫粉]色?的?|{_FILL}|[,、]", "", rest)
    action = re.search(_ACTION, text) if not object_noun else None
    if action or len(rest) >= 2:
        doing = action[0] if action else rest
        if not known.checks:
            raise unseen(noun.phrase, known, doing=shielded.restore(doing))
        shielded.acts.append(doing)
    side = (
        "left"
        if re.search(r"左[边侧面]", text)
        else "right"
        if re.search(r"右[边侧面]", text)
        else ""
    )
    side = side or ("centre" if re.search(r"中间|中央", text) else "")
    event = "leaves" if leaves else "appears"
    what = {**noun.object().model_dump(), "event": event, "position": side}
    notes = (
        (f"是否“{(action[0] if action else rest)}”由视觉模型核对。",)
        if action or len(rest) >= 2
        else ()
    )
    return Clause(Object.model_validate(what), notes=notes)
