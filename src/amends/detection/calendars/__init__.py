"""Working calendars: hours of the week in a time zone, less public holidays, and what of time they count.

`hours` holds what a pack states, `reader` reads and checks it, `calendar` is the compiled form with its arithmetic,
`terms` the functions over calendars that rules may use.
"""

from amends.detection.calendars.calendar import Calendar, compiled
from amends.detection.calendars.hours import ALWAYS, CalendarError, Hours, week_in_words
from amends.detection.calendars.terms import WORKING, Calendars, Term, asked_calendars, calendar_term

__all__ = [
    "ALWAYS",
    "WORKING",
    "Calendar",
    "CalendarError",
    "Calendars",
    "Hours",
    "Term",
    "asked_calendars",
    "calendar_term",
    "compiled",
    "week_in_words",
]
