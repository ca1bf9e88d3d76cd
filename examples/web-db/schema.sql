-- Runs when it changes, and when the database is a new one: so each statement may find its work done.
CREATE TABLE IF NOT EXISTS visits (
    id serial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
