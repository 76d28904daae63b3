# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Take what repeats the time of the appointment out of the way."""

from . import lexicon as lx
from .clauses import ANSWERS, SILENCED, silence
from .text import NUMBER, WORD


def silence_appointed_times(segments, appointed):
    """Take out of the way what repeats the day and the hour of the appointment.

    "Tuesday at 9 is fine" says nothing new if every text that we sent lately and that
    names a time names this one.
    """
    if not appointed:
        return
    for index, segment in enumerate(segments):
        if segment.kinds >= {lx.TIME} and not segment.is_any(ANSWERS):
            if all(t.says(token.key) for t in appointed for token in segment.tokens):
                silence(segments, (index,))
    for index, segment in enumerate(segments):
        if segment.kinds == {lx.AMOUNT} and _is_beside_time(segments, index):
            _silence_hour(segments, index, appointed)


def _silence_hour(segments, index, appointed):
    end = index + 1
    if [s.key for s in segments[end : end + 1]] == [":"]:
        end += 2
    hour = [s.key for s in segments[index:end] if s.tokens[0].kind == NUMBER]
    if all(times.begins_at(hour) for times in appointed):
        silence(segments, range(index, end))


def _is_beside_time(segments, index):
    around = segments[max(index - 1, 0) : index] + segments[index + 1 : index + 4]
    return any(s.kinds == SILENCED and s.tokens[0].kind == WORD for s in around)
