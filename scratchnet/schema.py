"""What a value from a file must look like, written down as a form and checked once, at the door.

A form is a function that says of a value whether it is right, with what it accepts as its docstring; a dict of forms by
key, where "key?" may be missing and ``...`` stands for all other keys; a list of one form, for a list of any length,
or of a form and ``...`` for one that is not empty; a tuple of forms, one of which must fit; or `All` of some forms.
"""


class Misfit(ValueError):
    """A value that does not fit its form; the message names the field."""


class All(tuple):
    """Forms all of which must fit, looked at in turn."""


def check(value, form, where=""):
    """Raise `Misfit` unless `value` fits `form`; `where` is the field that holds it."""
    if isinstance(form, dict):
        _expect(isinstance(value, dict), where, "an object", value)
        known = {key.removesuffix("?"): inner for key, inner in form.items() if key is not ...}
        for key in (key for key in form if key in known and key not in value):
            raise Misfit(f"{where or 'it'} lacks {key!r}")
        for key, inner in value.items():
            if key not in known and ... not in form:
                raise Misfit(f"{where or 'it'} has {_shown(key)}, which is unknown")
            check(inner, known[key] if key in known else form[...], f"{where}.{_plain(key)}".removeprefix("."))
    elif isinstance(form, list):
        _expect(isinstance(value, list) and len(value) >= len(form) - 1, where, "a list" + " that is not empty" * (
            len(form) - 1), value)
        for i, inner in enumerate(value):
            check(inner, form[0], f"{where}[{i}]")
    elif isinstance(form, All):
        for each in form:
            check(value, each, where)
    elif isinstance(form, tuple):
        if not any(fits(value, other) for other in form[:-1]):
            check(value, form[-1], where)
    else:
        _expect(form(value), where, form.__doc__, value)


def fits(value, form):
    """Return whether `value` fits `form`."""
    try:
        check(value, form)
    except Misfit:
        return False
    return True


def like(example):
    """Return the form of settings of the kinds of `example`, any of which may be missing."""
    if isinstance(example, dict):
        return {f"{key}?": like(value) for key, value in example.items()}
    for kind, form in ((bool, truth), (int, whole), (float, number), (str, text)):
        if isinstance(example, kind):
            return form
    return anything


def _expect(right, where, expected, value):
    if not right:
        raise Misfit(f"{where or 'it'} should be {expected}, is {_shown(value)}")


def _shown(value):
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]} ... ({type(value).__name__})"


def _plain(key):
    return key if key.isidentifier() or key.replace("-", "").isalnum() else _shown(key)


# ---- forms of single values ----

def exactly(word):
    """Return the form of one word."""
    def form(value):
        return value == word
    form.__doc__ = repr(word)
    return form


def one_of(words):
    """Return the form of any of a few words."""
    def form(value):
        return text(value) and value in words
    form.__doc__ = f"one of {', '.join(words)}"
    return form


def nothing(value):
    """null"""
    return value is None


def anything(value):
    """anything"""
    return True


def text(value):
    """text"""
    return isinstance(value, str)


def truth(value):
    """true or false"""
    return isinstance(value, bool)


def whole(value):
    """a whole number"""
    return isinstance(value, int) and not isinstance(value, bool)


def count(value):
    """a whole number of at least 0"""
    return whole(value) and value >= 0


def positive(value):
    """a whole number of at least 1"""
    return whole(value) and value >= 1


def number(value):
    """a finite number"""
    return (isinstance(value, float) or whole(value)) and abs(value) < 1e300


def amount(value):
    """a finite number of at least 0"""
    return number(value) and value >= 0


def share(value):
    """a share from 0 to 1"""
    return number(value) and 0 <= value <= 1


def sha256(value):
    """a SHA-256 of 64 hexadecimal digits"""
    return text(value) and len(value) == 64 and set(value) <= set("0123456789abcdef")
