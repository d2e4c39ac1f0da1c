"""A rule in a sentence that its owner reads and corrects, in English or Chinese."""

from collections.abc import Sequence as Many

from omnilive.dialogue.watches import rule as r
from omnilive.reasoning.lexicon import CHINESE, CHINESE_COLOURS, plural, spell

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS_ZH = "一二三四五六日"
_ZH_OF = {label: name for name, label in reversed(CHINESE.items())} | {"person": "人"}
_ZH_OF |= {"speech": "说话声", "music": "音乐", "singing": "歌声", "someone": "人"}
_OPS = {">=": "at least", "<=": "at most", "==": "exactly"}
_OPS_ZH = {">=": "至少", "<=": "至多", "==": "正好"}
_TARGETS = {"voice": "said aloud", "page": "shown on the page", "event": "printed"}
_TARGETS_ZH = {"voice": "语音", "page": "网页", "event": "命令行输出"}


def describe(rule: r.Rule, language: str = "en") -> str:
    """Return the rule as one sentence; `language` is "en" or "zh"."""
    return _chinese(rule) if language == "zh" else _english(rule)


def describe_condition(condition: object, language: str = "en") -> str:
    """Return a condition as a clause: "a person is in view"."""
    return _zh(condition) if language == "zh" else _en(condition)


def duration(seconds: float, language: str = "en") -> str:
    """Return a time in its largest whole unit: "5 minutes"."""
    units = ((86400, "day", "天"), (3600, "hour", "小时"), (60, "minute", "分钟"))
    for size, name, zh in (*units, (1, "second", "秒")):
        if size == 1 or (seconds >= size and seconds % size == 0):
            value = f"{seconds / size:g}"
            if language == "zh":
                return f"{value}{zh}"
            return f"{value} {name}" if value == "1" else f"{value} {name}s"
    raise AssertionError("unreachable")


def _english(rule: r.Rule) -> str:
    if isinstance(rule.what, r.Every):
        parts = [f"Every {_each(duration(rule.what.every_s))}"]
    elif isinstance(rule.what, r.Count) and rule.what.each and rule.what.n == 1:
        parts = [f"Count each time that {_en(rule.what.of)}"]
    else:
        parts = [f"{'Once, when' if rule.repeat == 'once' else 'Each time'} {_en(rule.what)}"]
    if rule.where:
        parts.append(f"only at {_or(rule.where)}")
    if rule.when is not None:
        parts.append(_when(rule.when))
    if rule.cooldown_s:
        parts.append(f"at most once every {_each(duration(rule.cooldown_s))}")
    if rule.min_confidence:
        parts.append(f"only when at least {rule.min_confidence:.0%} sure")
    if rule.check:
        parts.append("checked by a model first")
    told = _or([_target(one) for one in rule.to], "and") if rule.to else "in the log only"
    parts.append(told + (", urgently" if rule.urgency == "high" else ""))
    if rule.urgency == "low":
        parts[-1] += ", quietly"
    if rule.say:
        parts.append(f"saying “{rule.say}”")
    if rule.note:
        parts.append(f"with an answer to “{rule.note}”")
    return "; ".join(parts) + "."


def _en(condition: object) -> str:
    match condition:
        case r.Object():
            thing, verb = _thing(condition), {"appears": "appears", "leaves": "leaves"}
            return f"{_a(thing)} {verb.get(condition.event, 'is in view')}{_side(condition)}"
        case r.Text():
            what = f"the text {_quoted(condition.contains)}" if condition.contains else "any text"
            new = "new text" if not condition.contains and condition.event == "appears" else what
            return {
                "appears": f"{new} appears", "leaves": f"{what} goes away",
            }.get(condition.event, f"{what} is in view")  # fmt: skip
        case r.Sound():
            verb = {"appears": "begins", "leaves": "ends"}.get(condition.event, "is heard")
            return f"{_or(condition.names)} {verb}"
        case r.Speech():
            return _speech(condition)
        case r.Scene():
            return _scene(condition)
        case r.Caption():
            said = (
                f"the live model says {_quoted(condition.contains)}"
                if condition.contains
                else ("the live model speaks")
            )
            return f"{said}, told “{condition.instruction}”" if condition.instruction else said
        case r.Absent():
            return _lasting(condition.of, duration(condition.for_s), "no")
        case r.Lasts():
            return _lasting(condition.of, duration(condition.for_s), "")
        case r.Count():
            return _count(condition)
        case r.Sequence():
            within = f" within {duration(condition.within_s)}" if condition.within_s else ""
            return f"first {_en(condition.first)} and then{within} {_en(condition.then)}"
        case r.All():
            return " while ".join(_en(part) for part in condition.of)
        case r.Any_():
            return _or([_en(part) for part in condition.of])
        case r.Not():
            return f"it is not so that {_en(condition.of)}"
        case r.Every():
            return f"{duration(condition.every_s)} have passed"
    raise AssertionError(condition)


def _lasting(of: object, time: str, no: str) -> str:
    """Return "no person has been in view for 5 minutes", with `no`, or "a person has ..."."""
    match of:
        case r.Object():
            thing = f"no {_thing(of)}" if no else _a(_thing(of))
            return f"{thing} has been in view{_side(of)} for {time}"
        case r.Text():
            words = f"the text {_quoted(of.contains)}" if of.contains else "text"
            return f"{words} has {'not ' if no else ''}been in view for {time}"
        case r.Sound():
            return f"{'no ' if no else ''}{_or(of.names)} has been heard for {time}"
    return f"it has {'not ' if no else ''}been so for {time} that {_en(of)}"


def _each(time: str) -> str:
    """Return "hour" for "1 hour", to stand after "every"."""
    return time.removeprefix("1 ")


def _speech(speech: r.Speech) -> str:
    said = []
    if speech.any_of:
        said.append(_quoted(speech.any_of))
    if speech.all_of:
        said.append(_or([f"“{word}”" for word in speech.all_of], "and"))
    if speech.meaning:
        said.append(f"something that means “{speech.meaning}”")
    return f"somebody says {' and '.join(said)}" if said else "somebody says anything"


def _scene(scene: r.Scene) -> str:
    if scene.change:
        return "the picture changes to a new scene"
    looks = f"the picture looks like {_or(scene.tags)}" if scene.tags else ""
    colour = f"the picture is mostly {scene.colour}" if scene.colour else ""
    clause = " and ".join(filter(None, [looks, colour])) or "there is a picture"
    return f"it is over that {clause}" if scene.event == "leaves" else clause


def _count(count: r.Count) -> str:
    if count.scope == "view":
        what = _en_plural(count.of, count.n)
        return f"{_OPS[count.op]} {spell(count.n)} {what} in view at the same time"
    window = f" within {duration(count.window_s)}" if count.window_s else ""
    again = f" (and again at each further {count.n})" if count.each and count.n > 1 else ""
    times = "time" if count.n == 1 else "times"
    return f"{_OPS[count.op]} {spell(count.n)} {times}{window}{again}: {_en(count.of)}"


def _en_plural(condition: object, n: int) -> str:
    if not isinstance(condition, r.Object):
        return f"of: {_en(condition)}"
    names = [plural(label, n) for label in condition.labels]
    name = _or(names) if len(names) <= 3 or not condition.name else plural(condition.name, n)
    return f"{condition.colour} {name}".strip() + (" are" if n != 1 else " is") + _side(condition)


def _thing(obj: r.Object) -> str:
    # A group by its name; a synonym by the label that stands for it, which is what is watched.
    name = obj.name if obj.name and len(obj.labels) > 3 else _or(obj.labels)
    return f"{obj.colour} {name}".strip()


def _a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _side(obj: r.Object) -> str:
    if not obj.position:
        return ""
    place = obj.position
    return " in the middle" if place == "centre" else f" on the {place}"


def _quoted(words: Many[str]) -> str:
    return _or([f"“{word}”" for word in words])


def _or(words: Many[str], last: str = "or") -> str:
    *rest, end = words
    return f"{', '.join(rest)} {last} {end}" if rest else end


def _when(when: r.Schedule) -> str:
    days = [DAYS[day] for day in when.days]
    if when.days == (0, 1, 2, 3, 4):
        days = ["weekdays"]
    elif when.days == (5, 6):
        days = ["weekends"]
    said = ["only on " + _or(days, "and")] if days and len(days) < 7 else ["only"]
    if when.start != when.end:
        said.append(f"from {when.start} to {when.end}")
    if when.timezone:
        said.append(f"({when.timezone})")
    return " ".join(said)


def _target(target: object) -> str:
    if isinstance(target, r.Webhook):
        return f"posted to {target.url}"
    if isinstance(target, r.Mqtt):
        return f"published to {target.topic}"
    return _TARGETS[getattr(target, "kind", "page")]


def _chinese(rule: r.Rule) -> str:
    if isinstance(rule.what, r.Every):
        parts = [f"每{duration(rule.what.every_s, 'zh')}一次"]
    elif isinstance(rule.what, r.Count) and rule.what.each and rule.what.n == 1:
        parts = [f"每次{_zh(rule.what.of)}就计数"]
    else:
        parts = [f"{'第一次' if rule.repeat == 'once' else '每当'}{_zh(rule.what)}时"]
    if rule.where:
        parts.append(f"仅限来源{'、'.join(rule.where)}")
    if rule.when is not None:
        parts.append(_when_zh(rule.when))
    if rule.cooldown_s:
        parts.append(f"每{duration(rule.cooldown_s, 'zh')}最多一次")
    if rule.min_confidence:
        parts.append(f"置信度不低于{rule.min_confidence:.0%}")
    if rule.check:
        parts.append("先由模型核对")
    targets = "、".join(_target_zh(one) for one in rule.to) or "仅写入日志"
    parts.append({"high": "紧急", "low": "安静地"}.get(rule.urgency, "") + f"通知\uff1a{targets}")
    if rule.say:
        parts.append(f"内容“{rule.say}”")
    if rule.note:
        parts.append(f"并回答“{rule.note}”")
    return "\uff0c".join(parts) + "。"


def _zh(condition: object) -> str:
    match condition:
        case r.Object():
            verb = {"appears": "出现", "leaves": "离开"}.get(condition.event, "在画面中")
            return f"{_thing_zh(condition)}{_side_zh(condition)}{verb}"
        case r.Text():
            said = "或".join(f"“{word}”" for word in condition.contains)
            what = f"文字{said}" if said else "任何文字"
            return what + {"appears": "出现", "leaves": "消失"}.get(condition.event, "在画面中")
        case r.Sound():
            verb = {"appears": "响起", "leaves": "停止"}.get(condition.event, "响着")
            return "或".join(_ZH_OF.get(name, name) for name in condition.names) + verb
        case r.Speech():
            return _speech_zh(condition)
        case r.Scene():
            return _scene_zh(condition)
        case r.Caption():
            told = f"按“{condition.instruction}”" if condition.instruction else ""
            said = "或".join(f"“{word}”" for word in condition.contains)
            return f"实时模型{told}说{said or '话'}"
        case r.Absent():
            return f"连续{duration(condition.for_s, 'zh')}没有{_zh(condition.of)}"
        case r.Lasts():
            return f"{_zh(condition.of)}持续{duration(condition.for_s, 'zh')}"
        case r.Count():
            return _count_zh(condition)
        case r.Sequence():
            within = duration(condition.within_s, "zh") + "内" if condition.within_s else ""
            return f"先{_zh(condition.first)}\uff0c{within}然后{_zh(condition.then)}"
        case r.All():
            return "并且".join(_zh(part) for part in condition.of)
        case r.Any_():
            return "或者".join(_zh(part) for part in condition.of)
        case r.Not():
            return f"并非{_zh(condition.of)}"
        case r.Every():
            return f"过了{duration(condition.every_s, 'zh')}"
    raise AssertionError(condition)


def _speech_zh(speech: r.Speech) -> str:
    said = ["或".join(f"“{word}”" for word in speech.any_of)] if speech.any_of else []
    if speech.all_of:
        said.append("和".join(f"“{word}”" for word in speech.all_of))
    if speech.meaning:
        said.append(f"意思接近“{speech.meaning}”的话")
    return f"有人说到{'以及'.join(said)}" if said else "有人说话"


def _scene_zh(scene: r.Scene) -> str:
    if scene.change:
        return "画面切换"
    clause = f"画面看起来像{'或'.join(scene.tags)}" if scene.tags else "画面"
    if scene.colour:
        clause += f"主要是{CHINESE_COLOURS.get(scene.colour, scene.colour)}"
    return clause + ("结束" if scene.event == "leaves" else "")


def _count_zh(count: r.Count) -> str:
    if count.scope == "view":
        thing = _thing_zh(count.of) if isinstance(count.of, r.Object) else _zh(count.of)
        return f"画面中同时有{_OPS_ZH[count.op]}{count.n}个{thing}"
    window = duration(count.window_s, "zh") + "内" if count.window_s else ""
    return f"{window}{_zh(count.of)}{_OPS_ZH[count.op]}{count.n}次"


def _thing_zh(obj: r.Object) -> str:
    many = len(obj.labels) > 3 and obj.name
    names = [obj.name] if many else list(obj.labels)
    name = "或".join(_ZH_OF.get(one, one) for one in names)
    return f"{CHINESE_COLOURS[obj.colour]}的{name}" if obj.colour in CHINESE_COLOURS else name


def _side_zh(obj: r.Object) -> str:
    return {"left": "在左边", "right": "在右边", "centre": "在中间"}.get(obj.position, "")


def _when_zh(when: r.Schedule) -> str:
    days = "、".join("周" + DAYS_ZH[day] for day in when.days)
    if when.days == (0, 1, 2, 3, 4):
        days = "工作日"
    elif when.days == (5, 6):
        days = "周末"
    clock = f"{when.start}到{when.end}" if when.start != when.end else ""
    return f"只在{days}{clock}" + (f"({when.timezone})" if when.timezone else "")


def _target_zh(target: object) -> str:
    if isinstance(target, r.Webhook):
        return target.url
    if isinstance(target, r.Mqtt):
        return f"MQTT主题{target.topic}"
    return _TARGETS_ZH[getattr(target, "kind", "page")]
