-- Every table carries the owner in its key: a query that forgets the owner finds no key to use.
-- Times in seconds; created_at and its like are unix seconds.

CREATE TABLE session (
    owner          TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    kind           TEXT NOT NULL,
    state          TEXT NOT NULL,
    config         TEXT NOT NULL,  -- JSON
    token_hash     TEXT NOT NULL,
    created_at     REAL NOT NULL,
    language       TEXT,
    audio_s        REAL NOT NULL DEFAULT 0,
    heard_s        REAL NOT NULL DEFAULT 0,
    interrupted_at REAL,
    ended_at       REAL,
    PRIMARY KEY (owner, session_id)
) WITHOUT ROWID;
CREATE INDEX session_newest ON session (owner, created_at DESC);
CREATE INDEX session_by_state ON session (state, created_at DESC);

CREATE TABLE segment (
    owner      TEXT NOT NULL,
    session_id TEXT NOT NULL,
    segment_id TEXT NOT NULL,
    start_s    REAL NOT NULL,
    end_s      REAL NOT NULL,
    text       TEXT NOT NULL,
    words      TEXT NOT NULL,  -- JSON: [[start, end, text, probability], …]
    PRIMARY KEY (owner, session_id, segment_id),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE speaker_turn (
    owner      TEXT NOT NULL,
    session_id TEXT NOT NULL,
    position   INTEGER NOT NULL,
    start_s    REAL NOT NULL,
    end_s      REAL NOT NULL,
    speaker    TEXT NOT NULL,
    PRIMARY KEY (owner, session_id, position),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE speaker_name (
    owner      TEXT NOT NULL,
    session_id TEXT NOT NULL,
    speaker    TEXT NOT NULL,
    name       TEXT NOT NULL,
    PRIMARY KEY (owner, session_id, speaker),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE analysis (
    owner      TEXT NOT NULL,
    session_id TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_at REAL NOT NULL,
    body       TEXT NOT NULL,  -- JSON
    PRIMARY KEY (owner, session_id, version),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE stage_result (
    owner       TEXT NOT NULL,
    session_id  TEXT NOT NULL,
    stage       TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    error       TEXT,
    details     TEXT NOT NULL,  -- JSON
    PRIMARY KEY (owner, session_id, stage),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE session_event (
    owner      TEXT NOT NULL,
    session_id TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    payload    TEXT NOT NULL,  -- JSON
    created_at REAL NOT NULL,
    PRIMARY KEY (owner, session_id, sequence),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
) WITHOUT ROWID;

-- What can be found by its words. FTS5 needs an integer key of its own, so the owner's key is a unique constraint here.
CREATE TABLE search_entry (
    entry_id   INTEGER PRIMARY KEY,
    owner      TEXT NOT NULL,
    session_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    reference  TEXT NOT NULL,
    start_s    REAL,
    text       TEXT NOT NULL,
    UNIQUE (owner, session_id, kind, reference),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
);
CREATE VIRTUAL TABLE search_words USING fts5 (
    text, content='search_entry', content_rowid='entry_id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN
    INSERT INTO search_words (rowid, text) VALUES (new.entry_id, new.text);
END;
CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN
    INSERT INTO search_words (search_words, rowid, text) VALUES ('delete', old.entry_id, old.text);
END;
