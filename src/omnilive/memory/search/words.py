"""Text to search terms: the same cut for what is stored and for what is asked."""

import re
import unicodedata

_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_]+(?:['’][^\W_]+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|(?<=[。!?;])")
STOP = frozenset(
    """a an the and or of to in on at by for with from as is are was were be been being am do does
    did done have has had having it its it's this that these those there here he she they them his
    her their i you we me my your our us what when where which who whom whose why how many much
    any anybody anyone anything some somebody someone something itself
    himself herself themselves can could will would shall should
    may might must not no yes so than then too very just now about into over under again once all
    both each few more most other only own same s t don didn't doesn't isn't wasn't""".split()
)

_CLAUSE_END = re.compile(r"[,.!;:，。！；：]\s*")
_REQUESTS = re.compile(
    r"(?:please |hey |ok |okay |so |and |but )*(?:what|where|when|which|who|whom|whose|why|how|"
    r"is|are|was|were|do|does|did|have you|has|had|can|could|will|would|shall|should|may|"
    r"tell|show|describe|list|find|give|explain|read|say|repeat|remind|let me|stop|wait|look|"
    r"watch|count|summari[sz]e|translate|forget|i want|i'd like)\b|"
    r"请|告诉|说说|描述|几|알려|말해|보여"
)
_ASKING = re.compile(r"[?？]|什么|谁|哪|为什么|怎么|[吗呢么]\s*[。.]?$")


def states(text: str) -> bool:
    """Tell whether what was said states something, and neither asks nor orders, by its form."""
    if _ASKING.search(text) or len(content_words(text)) < 2:
        return False
    clauses = _CLAUSE_END.split(text.lower().replace("’", "'"))
    return not any(_REQUESTS.match(clause.strip()) for clause in clauses)


def words(text: str) -> list[str]:
    """Return the lower-case words of a text; each Chinese, Japanese or Korean sign is a word."""
    text = unicodedata.normalize("NFKC", text).lower()
    found = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        # "software2" from text on screen is one token; nothing else needs cutting.
        found.append(token.replace("’", "'"))
    return found


def content_words(text: str) -> list[str]:
    """Return the words that carry meaning, in order, each once."""
    return list(dict.fromkeys(word for word in words(text) if word not in STOP))


def index_form(text: str) -> str:
    """Return the text as it goes into the full-text index."""
    return " ".join(words(text))


def sentences(text: str) -> list[str]:
    """Return the text whole and, when it has several sentences, each of them as well."""
    found = [part.strip() for part in _SENTENCE_END.split(text) if len(part.strip()) > 8]
    return [text, *found] if len(found) > 1 else [text]
