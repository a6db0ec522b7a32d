"""Typed values of settings files and layers' parameters; unknown keys and wrong types are refused with a sentence."""

import pydantic

LARGEST = {int: 2 ** 31 - 1, float: 1e30}  # Caffe's numbers are int32 and, up to some 3e38, single precision


class StrictModel(pydantic.BaseModel):
    """A set of named, typed, immutable values; a key that is not declared is an error.

    Numbers are finite, and whole where they are declared int: 2.5 iterations are refused, not cut to 2.
    """

    class Config:
        extra = "forbid"
        allow_mutation = False

    @pydantic.validator("*", pre=True)
    def check_given(cls, value, field):
        kinds = [kind for kind in LARGEST if isinstance(field.type_, type) and issubclass(field.type_, kind)]
        if kinds and field.type_ is not bool:
            for number in value if isinstance(value, (list, tuple)) else [value]:
                _check_number(number, *kinds)
        return value

    @pydantic.validator("*")
    def check_converted(cls, value, field):
        """Check numbers that pydantic converted from text, as which YAML reads 1e-3."""
        return cls.check_given(value, field)


def _check_number(number, kind):
    if isinstance(number, bool):
        raise ValueError(f"a number is wanted, not {str(number).lower()}")
    if isinstance(number, (int, float)):
        if not abs(number) <= LARGEST[kind]:
            raise ValueError(f"a finite number of at most {LARGEST[kind]} is wanted")
        if kind is int and number != int(number):
            raise ValueError(f"a whole number is wanted, not {number}")


def parse(model, values, where):
    """Build `model` from a dictionary.

    Parameters
    ----------
    model : type
        A subclass of `StrictModel`.
    values : dict
        The values as read from a file.
    where : str
        The values' source, named in the error.

    Raises
    ------
    ValueError
        One sentence that names the first key that is unknown, missing or of the wrong type.
    """
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ValueError(f"{where} holds {type(values).__name__}, allowed is a mapping of names to values.")
    try:
        return model(**values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = " ".join(".".join(str(part) for part in first["loc"]).split())
        allowed = ", ".join(sorted(model.__fields__))
        raise ValueError(f"{where}: the key '{key}' is wrong: {' '.join(first['msg'].split())}; "
                         f"the keys on its first level are {allowed}.") from None
