# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from pathlib import Path
from unittest import TestCase

from core.segments import count_segments

# What Twilio's own calculator says of random texts, most of them hard: see
# https://www.npmjs.com/package/sms-segments-calculator, version 1.3.0
COUNTED = Path(__file__).parent / "data" / "segments.jsonl"


class TestSegments(TestCase):
    def test_sizes(self):
        for text, count, encoding in [
            ("", 0, "GSM-7"),
            ("a" * 160, 1, "GSM-7"),
            ("a" * 161, 2, "GSM-7"),
            ("a" * 306, 2, "GSM-7"),
            ("a" * 307, 3, "GSM-7"),
            ("€" * 80, 1, "GSM-7"),
            ("€" * 81, 2, "GSM-7"),
            ("á" + "a" * 69, 1, "UCS-2"),
            ("á" + "a" * 70, 2, "UCS-2"),
            ("🙂" * 35, 1, "UCS-2"),
            ("🙂" * 36, 2, "UCS-2"),
        ]:
            size = count_segments(text)
            self.assertEqual((size.count, size.encoding), (count, encoding), text[:3])
        self.assertEqual(count_segments("ça va á ç").culprits, "çá")

    def test_nothing_is_cut_in_two(self):
        family, flag = "👨\u200d👩\u200d👧\u200d👦", "🇺🇸"
        for text, count in [
            ("a" * 60 + family + "a" * 2, 2),
            ("a" * 133 + "🙂" * 2, 3),
            ("a" * 65 + flag + "a" * 66, 3),
            ("a" * 152 + "€" + "a" * 152, 3),
        ]:
            self.assertEqual(count_segments(text).count, count, text[-10:])

    def test_agrees_with_twilio(self):
        for line in COUNTED.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            size = count_segments(row["text"])
            expected = row["encoding"], row["segments"]
            self.assertEqual((size.encoding, size.count), expected, row["text"])
