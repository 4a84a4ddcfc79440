"""What people do with people: add organisations, units, persons and accounts; sign in and out; tokens."""

from assets.people.service.access import (
    ADDRESS_LOCKOUT_AFTER,
    LOCKOUT_AFTER,
    LOCKOUT_TIME,
    SESSION_LENGTH,
    add_token,
    end_token,
    matching_account,
    own_password_holds,
    sign_in,
    sign_out,
)
from assets.people.service.accounts import (
    Scope,
    add_account,
    end_account,
    end_role,
    grant_role,
    reopen_account,
    set_locale,
    set_password,
)
from assets.people.service.persons import (
    add_person,
    change_person,
    come_back,
    mark_left,
)
from assets.people.service.pins import (
    PIN_LENGTH,
    pin_matches,
    remove_pin,
    set_pin,
    standing_of,
)
from assets.people.service.places import (
    ORGANISATION_KINDS,
    UNIT_KINDS,
    add_organisation,
    add_region,
    add_unit,
)

__all__ = [
    "ADDRESS_LOCKOUT_AFTER",
    "LOCKOUT_AFTER",
    "LOCKOUT_TIME",
    "ORGANISATION_KINDS",
    "PIN_LENGTH",
    "SESSION_LENGTH",
    "UNIT_KINDS",
    "Scope",
    "add_account",
    "add_organisation",
    "add_person",
    "add_region",
    "add_token",
    "add_unit",
    "change_person",
    "come_back",
    "end_account",
    "end_role",
    "end_token",
    "grant_role",
    "mark_left",
    "matching_account",
    "own_password_holds",
    "pin_matches",
    "remove_pin",
    "reopen_account",
    "set_locale",
    "set_password",
    "set_pin",
    "sign_in",
    "sign_out",
    "standing_of",
]
