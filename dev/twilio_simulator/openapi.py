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
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

HERE = Path(__file__).parent
DESCRIPTIONS = ("twilio_messages_openapi.json", "messaging_services_openapi.json")


class ParameterError(Exception):
    """A parameter that the description doesn't allow; ``name`` is the parameter."""

    def __init__(self, name, message):
        super().__init__(message)
        self.name = name


class Operation:
    """One call of the API: its path, its parameters and its answer."""

    def __init__(self, description, method, path, spec):
        self.method = method.upper()
        self.name = spec["operationId"]
        self.path = path
        names = re.findall(r"\{(\w+)\}", path)
        pattern = re.escape(path)
        for name in names:
            pattern = pattern.replace(
                re.escape("{" + name + "}"), f"(?P<{name}>[^/]+?)"
            )
        self.regex = re.compile(pattern + r"\Z")
        parameters = spec.get("parameters", [])
        self.path_schemas = {
            p["name"]: description.resolve(p["schema"])
            for p in parameters
            if p["in"] == "path"
        }
        self.query = {
            p["name"]: description.resolve(p["schema"])
            for p in parameters
            if p["in"] == "query"
        }
        self.form, self.required = {}, set()
        content = spec.get("requestBody", {}).get("content", {})
        for media in content.values():
            schema = media["schema"]
            self.required |= set(schema.get("required", ()))
            for name, value in schema["properties"].items():
                self.form[name] = description.resolve(value)
        self.status = int(next(iter(spec["responses"])))
        self.answer = None
        for media in spec["responses"][str(self.status)].get("content", {}).values():
            self.answer = description.resolve(media["schema"])

    def check(self, query, form, strict):
        """Return the parameters as ``{name: value}``, repeated ones as lists.

        :param query: (name, value) pairs of the query string
        :param form: (name, value) pairs of the form body
        :param strict: refuse what the description doesn't know; Twilio itself mostly
            ignores it, which hides typing errors
        :raises ParameterError: with the first parameter that isn't allowed
        """
        values = {}
        # Page numbers and tokens come in the query of every list; a POST has none.
        for pairs, schemas in ((query, self.query), (form, self.form)):
            for name, text in pairs:
                schema = schemas.get(name)
                if schema is None:
                    if strict:
                        raise ParameterError(
                            name, f"Unknown parameter '{name}' for {self.name}"
                        )
                    continue
                if schema.get("type") == "array":
                    items = values.setdefault(name, [])
                    items.append(convert(name, text, schema["items"]))
                elif name in values and strict:
                    raise ParameterError(name, f"Parameter '{name}' is given twice")
                else:
                    values[name] = convert(name, text, schema)
        return values


class Description:
    """All operations of the descriptions, found by method and path."""

    def __init__(self, files=DESCRIPTIONS):
        self.schemas, self.operations = {}, []
        for file in files:
            document = json.loads((HERE / file).read_text(encoding="utf-8"))
            self.schemas.update(document["components"]["schemas"])
            for path, item in document["paths"].items():
                for method in ("get", "post", "delete"):
                    if method in item:
                        self.operations.append(
                            Operation(self, method, path, item[method])
                        )

    def resolve(self, schema):
        """Follow a ``$ref`` to the schema it names."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def find(self, method, path):
        """Return (operation, path parameters) for a request.

        The operation is None when the path is unknown, and False when the path is
        known but not with this method. A SID that has not the form of one is an
        unknown path, as at Twilio.
        """
        known = None
        for operation in self.operations:
            match = operation.regex.match(path)
            if not match:
                continue
            values = match.groupdict()
            if not all(
                re.match(schema.get("pattern", ""), values[name])
                for name, schema in operation.path_schemas.items()
            ):
                continue
            if operation.method == method:
                return operation, values
            known = False
        return known, {}

    def build(self, schema, values):
        """Return an answer with every field of ``schema``, the types checked.

        :raises AssertionError: the simulator itself would not answer as described
        """
        schema = self.resolve(schema)
        unknown = set(values) - set(schema["properties"])
        assert not unknown, f"fields that Twilio doesn't have: {sorted(unknown)}"
        answer = {}
        for name, field in schema["properties"].items():
            field = self.resolve(field)
            value = values.get(name)
            if value is None:
                # Twilio's enums aren't marked as nullable, but are when unset.
                assert field.get("nullable") or "enum" in field, f"{name} is missing"
            else:
                self._assert_type(name, value, field)
            answer[name] = value
        return answer

    def _assert_type(self, name, value, field):
        types = {
            "string": str,
            "integer": int,
            "boolean": bool,
            "object": dict,
            "array": list,
        }
        assert isinstance(value, types[field["type"]]), f"{name}: {value!r}"
        if "enum" in field:
            assert value in field["enum"], f"{name}: {value!r}"


def convert(name, text, schema):
    """Return a parameter's text as the type that its schema asks for.

    :raises ParameterError: the text isn't of that type, or not among the values
    """
    kind = schema.get("type")
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise ParameterError(name, f"'{name}' must be true or false")
        return text.lower() == "true"
    if kind == "integer":
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise ParameterError(name, f"'{name}' must be a whole number")
        number = int(text)
        if not schema.get("minimum", number) <= number <= schema.get("maximum", number):
            raise ParameterError(name, f"'{name}' is out of range")
        return number
    if kind == "number":
        if not re.fullmatch(r"-?\d+(\.\d+)?", text):
            raise ParameterError(name, f"'{name}' must be a number")
        return float(text)
    if "enum" in schema and text not in schema["enum"]:
        raise ParameterError(name, f"'{name}' must be one of {schema['enum']}")
    # An empty SID unsets it: Twilio allows that for every optional SID.
    if text and "pattern" in schema and not re.match(schema["pattern"], text):
        raise ParameterError(name, f"'{name}' is not a valid SID")
    if schema.get("format") == "date-time":
        return convert_date(name, text)
    return text


def convert_date(name, text):
    """Return a date, or a datetime in UTC: Twilio takes both, in several spellings.

    :raises ParameterError: not a date
    """
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise ParameterError(name, f"'{name}' is not a date") from error
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            value = parse(text)
        except (TypeError, ValueError, IndexError):
            continue
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    raise ParameterError(name, f"'{name}' is not a date")
