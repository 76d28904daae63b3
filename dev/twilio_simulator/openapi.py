# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio's own description of its API, used as the rule book of the simulator.

``twilio_messages_openapi.json`` is an excerpt of Twilio's public OpenAPI description
(MIT licence, Copyright Twilio, Inc.); ``messaging_services_openapi.json`` describes
the Messaging Service calls in the same form. Requests are checked against them, and
every answer is built from their response schemas, so the simulator can neither accept
a misspelled parameter nor forget a field.
"""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from .errors import refuse

HERE = Path(__file__).parent
DESCRIPTIONS = ("twilio_messages_openapi.json", "messaging_services_openapi.json")
TYPES = dict(string=str, integer=int, boolean=bool, object=dict, array=list)
# How the text of a parameter has to look, and what it becomes.
PARAMETERS = {
    "boolean": (r"(?i)true|false", lambda text: text.lower() == "true"),
    "integer": (r"-?\d{1,18}", int),
}


class Operation:
    """One call of the API: its path, its parameters and its answer."""

    def __init__(self, description, method, path, spec):
        self.method, self.name = method.upper(), spec["operationId"]
        schemas = {"path": {}, "query": {}}
        for parameter in spec.get("parameters", ()):
            schema = description.resolve(parameter["schema"])
            schemas[parameter["in"]][parameter["name"]] = schema
        self.query, self.form = schemas["query"], {}
        for media in spec.get("requestBody", {}).get("content", {}).values():
            for name, schema in media["schema"]["properties"].items():
                self.form[name] = description.resolve(schema)
        self.status = int(next(iter(spec["responses"])))

        def group(match):
            # A SID that has not the form of one is an unknown path, as at Twilio.
            pattern = schemas["path"][match[1]].get("pattern", "^[^/]+$")
            return f"(?P<{match[1]}>{pattern.strip('^$')})"

        path = path.replace(".", r"\.")
        self.regex = re.compile(re.sub(r"\{(\w+)\}", group, path) + r"\Z")

    def check(self, query, form):
        """Return the parameters as ``{name: value}``, repeated ones as lists.

        :param query: (name, value) pairs of the query string
        :param form: (name, value) pairs of the form body
        :raises TwilioError: with the first parameter that isn't allowed
        """
        values = {}
        for pairs, schemas in ((query, self.query), (form, self.form)):
            for name, text in pairs:
                schema = schemas.get(name)
                if schema is None:
                    # Twilio itself mostly ignores it, which hides typing errors.
                    raise refuse(20001, f"Unknown parameter '{name}' for {self.name}")
                if schema.get("type") == "array":
                    items = values.setdefault(name, [])
                    items.append(convert(name, text, schema["items"]))
                elif name in values:
                    raise refuse(20001, f"Parameter '{name}' is given twice")
                else:
                    values[name] = convert(name, text, schema)
        return values


class Description:
    """All operations of the descriptions, found by method and path."""

    def __init__(self):
        self.schemas, self.operations = {}, []
        for file in DESCRIPTIONS:
            document = json.loads((HERE / file).read_text(encoding="utf-8"))
            self.schemas.update(document["components"]["schemas"])
            for path, item in document["paths"].items():
                for method in {"get", "post", "delete"} & set(item):
                    operation = Operation(self, method, path, item[method])
                    self.operations.append(operation)

    def resolve(self, schema):
        """Follow a ``$ref`` to the schema it names."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def find(self, method, path):
        """Return (operation, path parameters) of a request.

        The operation is None when the path is unknown, and False when the path is
        known but not with this method.
        """
        known = None
        for operation in self.operations:
            match = operation.regex.match(path)
            if match and operation.method == method:
                return operation, match.groupdict()
            known = False if match else known
        return known, {}

    def build(self, schema_name, values):
        """Return an answer with every field of a schema, taken from ``values``.

        :raises AssertionError: the simulator itself would not answer as described
        """
        answer = {}
        for name, schema in self.schemas[schema_name]["properties"].items():
            schema, value = self.resolve(schema), values.get(name)
            if value is None:
                # Twilio's enums aren't marked as nullable, but are when unset.
                assert schema.get("nullable") or "enum" in schema, f"{name} is missing"
            else:
                assert isinstance(value, TYPES[schema["type"]]), f"{name}: {value!r}"
                assert value in schema.get("enum", [value]), f"{name}: {value!r}"
            answer[name] = value
        return answer


def convert(name, text, schema):
    """Return a parameter's text as the type that its schema asks for.

    :raises TwilioError: the text isn't of that type, or not among the values
    """
    form, make = PARAMETERS.get(schema.get("type"), (r"(?s).*", str))
    if not re.fullmatch(form, text) or text not in schema.get("enum", [text]):
        kind = schema.get("enum") or schema.get("type")
        raise refuse(20001, f"'{name}' must be of {kind}")
    # An empty SID unsets it: Twilio allows that for every optional SID.
    if text and not re.match(schema.get("pattern", ""), text):
        raise refuse(20001, f"'{name}' is not a valid SID")
    if schema.get("format") == "date-time":
        return convert_date(name, text)
    value = make(text)
    if (
        "maximum" in schema
        and not schema.get("minimum", 0) <= value <= schema["maximum"]
    ):
        raise refuse(20001, f"'{name}' is out of range")
    return value


def convert_date(name, text):
    """Return a datetime in UTC: Twilio takes days and times, in several spellings.

    :raises TwilioError: not a date
    """
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            value = parse(text)
        except (TypeError, ValueError, IndexError):
            continue
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    raise refuse(20001, f"'{name}' is not a date")
