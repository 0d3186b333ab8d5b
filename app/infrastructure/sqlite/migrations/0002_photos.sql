-- Photos of sessions. The files lie in the sessions' folders; times are unix seconds.

CREATE TABLE frame (
    owner        TEXT NOT NULL,
    session_id   TEXT NOT NULL,
    position     INTEGER NOT NULL,  -- the number in its id
    received_at  REAL NOT NULL,
    captured_at  REAL,
    fingerprint  TEXT NOT NULL,  -- 64 bits, hexadecimal
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    language     TEXT NOT NULL,
    prompt       TEXT,
    duplicate_of TEXT,
    state        TEXT NOT NULL,
    error        TEXT,
    PRIMARY KEY (owner, session_id, position),
    FOREIGN KEY (owner, session_id) REFERENCES session ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX frame_by_state ON frame (state, received_at);

CREATE TABLE scene (
    owner      TEXT NOT NULL,
    session_id TEXT NOT NULL,
    position   INTEGER NOT NULL,
    language   TEXT NOT NULL,
    model_id   TEXT NOT NULL,
    created_at REAL NOT NULL,
    body       TEXT NOT NULL,  -- JSON
    PRIMARY KEY (owner, session_id, position, language),
    FOREIGN KEY (owner, session_id, position) REFERENCES frame ON DELETE CASCADE
) WITHOUT ROWID;
