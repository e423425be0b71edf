"""The library's tables as queries name them; `migrations` is what makes them."""

from sqlalchemy import Column, Float, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

TAKES = Table(
    "takes", METADATA,
    Column("id", Integer, primary_key=True),
    Column("sha256", Text), Column("pixels", Text), Column("suffix", Text), Column("path", Text),
    Column("kind", Text), Column("name", Text), Column("program", Text),
    Column("words", Text), Column("negative", Text), Column("model", Text), Column("seed", Text),
    Column("recipe_hash", Text), Column("width", Integer), Column("height", Integer), Column("likeness", Text),
    Column("lightness", Float), Column("green_red", Float), Column("blue_yellow", Float),
    Column("stars", Integer), Column("rejected", Integer), Column("trashed_at", Float), Column("pick", Text),
    Column("painted_at", Float), Column("entered_at", Float), Column("seconds", Float),
)  # fmt: skip
"""One row a picture. `sha256` is the file's; `path` only where the file stays outside the library."""

RECORDS = Table("records", METADATA, Column("take_id", Integer, primary_key=True), Column("recipe", Text),
                Column("plan", Text), Column("found", Text))
"""What the file says of itself, as JSON: our recipe (or the nearest), our plan with measurements, all else."""

PARENTS = Table("parents", METADATA, Column("child_id", Integer, primary_key=True),
                Column("parent_id", Integer, primary_key=True), Column("how", Text), Column("facts", Text))
COPIES = Table("copies", METADATA, Column("sha256", Text, primary_key=True), Column("pixels", Text),
               Column("take_id", Integer), Column("path", Text))
"""Files written elsewhere from a take, so that they are recognised when something grows from them."""

COLOURS = Table("colours", METADATA, Column("take_id", Integer), Column("lightness", Float), Column("green_red", Float),
                Column("blue_yellow", Float), Column("share", Float), Column("cell", Integer))
TAGS = Table("tags", METADATA, Column("take_id", Integer, primary_key=True), Column("tag", Text, primary_key=True))
MARKS = Table("marks", METADATA, Column("id", Integer, primary_key=True), Column("take_id", Integer),
              Column("at", Float), Column("what", Text), Column("value", Text))
"""Every rating ever given, in order: the present one is the takes' own column, what came before is here."""

JOBS = Table(
    "jobs", METADATA,
    Column("id", Text, primary_key=True), Column("key", Text), Column("digest", Text), Column("client", Text),
    Column("priority", Integer), Column("kind", Text), Column("title", Text), Column("request", Text),
    Column("state", Text), Column("created_at", Float), Column("ended_at", Float), Column("cancel", Integer),
    Column("runner", Text), Column("lease_until", Float), Column("progress", Float),
)  # fmt: skip
ITEMS = Table(
    "items", METADATA,
    Column("job_id", Text, primary_key=True), Column("position", Integer, primary_key=True), Column("name", Text),
    Column("recipe", Text), Column("parents", Text), Column("state", Text), Column("take_id", Integer),
    Column("seconds", Float), Column("error", Text),
)  # fmt: skip
EVENTS = Table("events", METADATA, Column("id", Integer, primary_key=True), Column("job_id", Text), Column("at", Float),
               Column("what", Text), Column("position", Integer), Column("said", Text))
TURNS = Table("turns", METADATA, Column("client", Text, primary_key=True), Column("turn", Integer))
"""When each client was last served, so that they are served in turn."""

VERDICTS = Table("verdicts", METADATA, Column("take_id", Integer, primary_key=True), Column("made_by", Text),
                 Column("grade", Text), Column("score", Float), Column("verdict", Text), Column("qualities", Text),
                 Column("embedder", Text), Column("vector", LargeBinary), Column("reviewed_at", Float))
"""What the review said of takes. All of it can be made again, so none of it is kept anywhere else."""
