"""How the database came to be as it is: numbered steps, each applied once, in order, whole or not at all.

A step is never edited after a release; a change is a new step at the end. The number of the last one is kept in the
database itself (`PRAGMA user_version`), written in the same transaction as the step.
"""

APPLICATION_ID = 0x554E4450
"""Written into the file's header, so that nobody's other database is taken for a library."""

_FIRST = (
    """CREATE TABLE takes (
        id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, pixels TEXT NOT NULL, suffix TEXT NOT NULL, path TEXT,
        kind TEXT NOT NULL, name TEXT NOT NULL DEFAULT '', program TEXT,
        words TEXT, negative TEXT, model TEXT, seed TEXT, recipe_hash TEXT,
        width INTEGER NOT NULL, height INTEGER NOT NULL, likeness TEXT NOT NULL,
        lightness REAL NOT NULL, green_red REAL NOT NULL, blue_yellow REAL NOT NULL,
        stars INTEGER NOT NULL DEFAULT 0 CHECK (stars BETWEEN 0 AND 5),
        rejected INTEGER NOT NULL DEFAULT 0 CHECK (rejected IN (0, 1)), trashed_at REAL, pick TEXT,
        painted_at REAL NOT NULL, entered_at REAL NOT NULL, seconds REAL)""",
    "CREATE INDEX takes_by_pixels ON takes (pixels)",
    "CREATE INDEX takes_by_recipe ON takes (recipe_hash)",
    "CREATE INDEX takes_by_model ON takes (model, id)",
    "CREATE INDEX takes_by_stars ON takes (stars, id)",
    "CREATE INDEX takes_by_date ON takes (painted_at)",
    "CREATE INDEX takes_in_trash ON takes (trashed_at) WHERE trashed_at IS NOT NULL",
    "CREATE TABLE records (take_id INTEGER PRIMARY KEY REFERENCES takes (id) ON DELETE CASCADE, "
    "recipe TEXT, plan TEXT, found TEXT)",
    "CREATE TABLE parents (child_id INTEGER NOT NULL REFERENCES takes (id) ON DELETE CASCADE, "
    "parent_id INTEGER NOT NULL REFERENCES takes (id) ON DELETE CASCADE, how TEXT NOT NULL, "
    "facts TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (child_id, parent_id)) WITHOUT ROWID",
    "CREATE INDEX parents_by_parent ON parents (parent_id)",
    "CREATE TABLE copies (sha256 TEXT PRIMARY KEY, pixels TEXT, "
    "take_id INTEGER NOT NULL REFERENCES takes (id) ON DELETE CASCADE, path TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX copies_by_pixels ON copies (pixels)",
    "CREATE INDEX copies_by_take ON copies (take_id)",
    "CREATE TABLE colours (take_id INTEGER NOT NULL REFERENCES takes (id) ON DELETE CASCADE, "
    "lightness REAL NOT NULL, green_red REAL NOT NULL, blue_yellow REAL NOT NULL, share REAL NOT NULL, "
    "cell INTEGER NOT NULL)",
    "CREATE INDEX colours_by_cell ON colours (cell, share, take_id, lightness, green_red, blue_yellow)",
    "CREATE INDEX colours_by_take ON colours (take_id)",
    "CREATE TABLE tags (take_id INTEGER NOT NULL REFERENCES takes (id) ON DELETE CASCADE, tag TEXT NOT NULL, "
    "PRIMARY KEY (take_id, tag)) WITHOUT ROWID",
    "CREATE INDEX tags_by_tag ON tags (tag, take_id)",
    "CREATE TABLE marks (id INTEGER PRIMARY KEY, take_id INTEGER NOT NULL REFERENCES takes (id) ON DELETE CASCADE, "
    "at REAL NOT NULL, what TEXT NOT NULL, value TEXT)",
    "CREATE INDEX marks_by_take ON marks (take_id)",
    "CREATE VIRTUAL TABLE searched USING fts5 (words, name, tags, model, tokenize = 'unicode61 remove_diacritics 2')",
    "CREATE TABLE jobs (id TEXT PRIMARY KEY, key TEXT UNIQUE, digest TEXT NOT NULL, client TEXT NOT NULL, "
    "priority INTEGER NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL, "
    "created_at REAL NOT NULL, ended_at REAL, cancel INTEGER NOT NULL DEFAULT 0, runner TEXT, lease_until REAL, "
    "progress REAL NOT NULL DEFAULT 0)",
    "CREATE INDEX jobs_by_state ON jobs (state, priority)",
    "CREATE INDEX jobs_by_digest ON jobs (digest)",
    "CREATE TABLE items (job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, position INTEGER NOT NULL, "
    "name TEXT NOT NULL, recipe TEXT NOT NULL, parents TEXT NOT NULL DEFAULT '[]', state TEXT NOT NULL, "
    "take_id INTEGER REFERENCES takes (id) ON DELETE SET NULL, seconds REAL, error TEXT, "
    "PRIMARY KEY (job_id, position)) WITHOUT ROWID",
    "CREATE INDEX items_by_take ON items (take_id)",
    "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, "
    "job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, at REAL NOT NULL, what TEXT NOT NULL, "
    "position INTEGER, said TEXT)",
    "CREATE INDEX events_by_job ON events (job_id, id)",
    "CREATE TABLE turns (client TEXT PRIMARY KEY, turn INTEGER NOT NULL) WITHOUT ROWID",
)

_REVIEW = (
    "CREATE TABLE verdicts (take_id INTEGER PRIMARY KEY REFERENCES takes (id) ON DELETE CASCADE, "
    "made_by TEXT NOT NULL, grade TEXT NOT NULL, score REAL NOT NULL, verdict TEXT NOT NULL, "
    "qualities TEXT NOT NULL, embedder TEXT NOT NULL, vector BLOB NOT NULL, reviewed_at REAL NOT NULL)",
    "CREATE INDEX verdicts_by_grade ON verdicts (grade, score)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _REVIEW)
"""Step N (from 1) takes schema N - 1 to N."""
