"""Parse the parameters of a request: its JSON, choices, and the page of a listing.

Rule: raises errors with the name of the field; decides nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar, overload

from flask import request
from pydantic import AfterValidator, AwareDatetime, BaseModel, TypeAdapter, ValidationError

from cabinet.errors import N_, InvalidField, MalformedRequest
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.listing import DEFAULT_LIMIT, MAX_LIMIT
from cabinet.services.tree.paging import Order, Sort
from cabinet.web.identity import acting

# The most paths in one request, and the largest JSON or form that lists paths: enough for a thousand paths of
# 600 Cyrillic letters, percent-encoded.
MAX_PATHS = 1000
PATHS_BYTES = 4 << 20

BAD_JSON = N_("the JSON body does not have the expected form.")
NOT_EXACTLY_ONE_FORM = N_("the items must be given in exactly one way.")
NOT_A_CHOICE = N_("this value is not allowed.")
NOT_A_NUMBER = N_("it must be a whole number.")
NOT_A_LIMIT = N_("it must be a number from 1 to 1000.")


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the years 1 to 9999") from error


# A time of a JSON body: with a zone, and one that a database can store.
Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]

_OBJECT = TypeAdapter(dict[str, Any])

_Model = TypeVar("_Model", bound=BaseModel)
_Second = TypeVar("_Second", bound=BaseModel)
_Third = TypeVar("_Third", bound=BaseModel)
_Choice = TypeVar("_Choice", bound=StrEnum)


def read_json(model: type[_Model]) -> _Model:
    """Return the body as `model`; raises `SignInRequired` or `MalformedRequest`."""
    try:
        return model.model_validate_json(_user_body())
    except ValidationError as error:
        raise MalformedRequest(reason=BAD_JSON) from error


@overload
def read_one_of(
    first: tuple[str, type[_Model]], second: tuple[str, type[_Second]], /
) -> _Model | _Second: ...


@overload
def read_one_of(
    first: tuple[str, type[_Model]], second: tuple[str, type[_Second]], third: tuple[str, type[_Third]], /
) -> _Model | _Second | _Third: ...


def read_one_of(*forms: tuple[str, type[BaseModel]]) -> BaseModel:
    """Return the body as the model whose distinguishing key it has; raises as `read_json`."""
    try:
        body = _OBJECT.validate_json(_user_body())
    except ValidationError as error:
        raise MalformedRequest(reason=BAD_JSON) from error
    named = [model for key, model in forms if key in body]
    if len(named) != 1:
        raise MalformedRequest(reason=NOT_EXACTLY_ONE_FORM)
    return read_json(named[0])


def _user_body() -> bytes:
    """Return the body of a request of a signed-in user; a visitor's is not even looked at."""
    acting()
    return request.get_data()


def to_choice(choices: type[_Choice], field: str, value: str) -> _Choice:
    """Parse `value`, sent as `field`, into a member of the enumeration; raises `InvalidField`."""
    try:
        return choices(value)
    except ValueError as error:
        raise InvalidField(field=field, reason=NOT_A_CHOICE) from error


def choice_of(choices: type[_Choice], field: str, default: _Choice) -> _Choice:
    """Return the query parameter `field`, else `default`; raises `InvalidField`."""
    return to_choice(choices, field, request.args.get(field, default))


def order_of() -> Order:
    """Return the requested order of a listing and the cursor; raises `InvalidField`."""
    direction = request.args.get("order", "asc")
    if direction not in {"asc", "desc"}:
        raise InvalidField(field="order", reason=NOT_A_CHOICE)
    return Order(choice_of(Sort, "sort", Sort.NAME), direction == "desc", after_of())


def to_on_conflict(value: str) -> OnConflict:
    """Parse `on_conflict` of a body; raises `InvalidField`."""
    return to_choice(OnConflict, "on_conflict", value)


def limit_of(default: int = DEFAULT_LIMIT) -> int:
    """Return the requested number of entries per page; raises `InvalidField`."""
    text = request.args.get("limit", str(default))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidField(field="limit", reason=NOT_A_LIMIT)
    return limit


def number_of(field: str) -> int | None:
    """Return the query parameter `field` as a number, None without one; raises `InvalidField`."""
    text = request.args.get(field)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidField(field=field, reason=NOT_A_NUMBER)
    return int(text)


def after_of() -> str | None:
    """Return the cursor of the query, None without one."""
    return request.args.get("after") or None
