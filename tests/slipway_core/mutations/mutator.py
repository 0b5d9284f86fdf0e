"""Makes broken files out of good ones, the same ones for the same seed."""

import random
import re

WORDS = (
    "", "~", "null", "[]", "{}", "[[[[]]]]", "{a: {b: c}}", "-1", "0", "1e999", "-.inf", ".nan", "9" * 400,
    "0x" + "f" * 70, "on", "no", "2001-01-01", "1:30", "'", '"', "'''", "|", ">-", "&a", "*a", "*missing", "<<: *a",
    "!!binary aGk=", "!!python/object:os.system x", "---", "...", "%YAML 1.3", "? a", "- - -", "\t", "\x00", "\x07",
    "\ufeff", "\u2028", "ü", "😀", "a" * 3000, "a.b", "../x", "${HOME}", "{{ x }}", "$(id)", "# c", ": ", "- ",
    "spec.keptn.sh/9.9.9", "<=+10%", "[" * 300,
)  # fmt: skip
_VALUE = re.compile(r"(?<=: )[^\n{}\[\],]+")


def mutants(text, seed):
    """Yield ever more mutants of a text, as bytes."""
    chance = random.Random(seed)
    while True:
        mutant = text
        for _ in range(chance.choice((1, 1, 2, 3, 8))):
            mutant = chance.choice(_WAYS)(mutant, chance)
        data = mutant.encode("utf-8", "surrogatepass")
        yield _spoil_bytes(data, chance) if chance.random() < 0.1 else data


def _spoil_bytes(data, chance):
    spoilt = bytearray(data or b"a")
    for _ in range(chance.randint(1, 5)):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def _replace_value(text, chance):
    values = list(_VALUE.finditer(text))
    if not values:
        return text
    found = chance.choice(values)
    return text[: found.start()] + chance.choice(WORDS) + text[found.end() :]


def _insert(text, chance):
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(WORDS) + text[at:]


def _remove(text, chance):
    at = chance.randint(0, len(text))
    return text[:at] + text[at + chance.choice((1, 2, 10, 60)) :]


def _cut(text, chance):
    return text[: chance.randint(0, len(text))]


def _change_lines(text, chance):
    lines = text.splitlines(keepends=True) or [""]
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    way = chance.choice(("remove", "twice", "swap", "deeper", "flatter", "tab"))
    if way == "remove":
        del lines[at]
    elif way == "twice":
        lines.insert(other, lines[at])
    elif way == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    elif way == "deeper":
        lines[at] = " " * chance.choice((1, 2, 4)) + lines[at]
    elif way == "flatter":
        lines[at] = lines[at].removeprefix("  ")
    else:
        lines[at] = lines[at].replace("  ", "\t", 1)
    return "".join(lines)


def _repeat(text, chance):
    begin = chance.randint(0, len(text))
    part = text[begin : begin + chance.randint(1, 80)]
    return text[:begin] + part * chance.choice((2, 3, 200)) + text[begin:]


_WAYS = (_replace_value, _replace_value, _insert, _remove, _cut, _change_lines, _change_lines, _repeat)
