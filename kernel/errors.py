"""The one error tree. A message says what happened, to what, and what to do next; the CLI prints it without a trace.

SuaraError                 anything a person can act on; exit code 1
├── SettingsError          suara.toml, a SUARA_* variable or an option is wrong
├── InputError             a file, mapping or argument that a person gave cannot be used
├── PartUnavailableError   Kafka, PostgreSQL, Java or a package index does not answer
├── WarehouseError         the warehouse is not in the state that this code needs
│   └── StaleInputError    a gate refuses: late, missing or failing data
├── StreamError            the stream cannot go on without a decision by a person
│   └── TopicRecreatedError  the topic was deleted and made again under the same name
└── RunFailedError         a DAG run ended in another state than success
"""


class SuaraError(Exception):
    """Something a person can act on. `remedy` is the next step, printed on a line of its own."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n{self.remedy}" if self.remedy else message


class SettingsError(SuaraError):
    """A setting is unknown, malformed or contradicts another."""


class InputError(SuaraError):
    """A file, mapping or argument given by a person cannot be used."""


class PartUnavailableError(SuaraError):
    """A part that Suara needs (Kafka, PostgreSQL, Java, a package index) does not answer."""


class WarehouseError(SuaraError):
    """The warehouse is not in the state that this code needs."""


class StaleInputError(WarehouseError):
    """A gate refuses to go on: the input is late, missing or fails a quality check."""


class StreamError(SuaraError):
    """The stream cannot go on without a decision by a person."""


class TopicRecreatedError(StreamError):
    """The topic was deleted and made again; the stored offsets belong to another log."""


class RunFailedError(SuaraError):
    """A DAG run ended in another state than success."""
