"""What is done with kits: their lists, what is put in and taken out, and checks of their completeness."""

from assets.kits.service.checking import Checked, check_kit
from assets.kits.service.counted import put_counted, take_counted, use_counted
from assets.kits.service.lists import copy_list, set_list
from assets.kits.service.parts import Moved, put_part, take_part

__all__ = [
    "Checked",
    "Moved",
    "check_kit",
    "copy_list",
    "put_counted",
    "put_part",
    "set_list",
    "take_counted",
    "take_part",
    "use_counted",
]
