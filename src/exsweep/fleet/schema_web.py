"""Tables of those who use the web: accounts, sessions, keys, what they send, jobs, and what they note on a case.

Times are seconds since 1970 UTC. Words in braces are spelt by the dialect. No table holds a password or a key: only hashes.
"""

WEB = """
CREATE TABLE account (
  id {id}, public_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, password TEXT, totp TEXT,
  totp_used BIGINT NOT NULL DEFAULT 0, issuer TEXT, subject TEXT, created BIGINT NOT NULL, closed BIGINT, UNIQUE (issuer, subject)
);
CREATE TABLE account_role (
  id {id}, account_id BIGINT NOT NULL REFERENCES account(id), role TEXT NOT NULL, tenant_id BIGINT REFERENCES tenant(id)
);
CREATE INDEX account_role_account ON account_role (account_id);
CREATE TABLE session (
  hash TEXT PRIMARY KEY, account_id BIGINT NOT NULL REFERENCES account(id), whole BIGINT NOT NULL, made BIGINT NOT NULL,
  seen BIGINT NOT NULL, until BIGINT NOT NULL, address TEXT NOT NULL
);
CREATE TABLE api_key (
  id {id}, public_id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, account_id BIGINT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL, role TEXT NOT NULL, tenant_id BIGINT REFERENCES tenant(id), made BIGINT NOT NULL, until BIGINT NOT NULL,
  used BIGINT, closed BIGINT
);
CREATE TABLE pending (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, until BIGINT NOT NULL
);
CREATE TABLE throttle (name TEXT PRIMARY KEY, failures BIGINT NOT NULL, free_at BIGINT NOT NULL);
CREATE TABLE replay (
  who TEXT NOT NULL, key TEXT NOT NULL, asked TEXT NOT NULL, status BIGINT NOT NULL, body {blob}, made BIGINT NOT NULL,
  PRIMARY KEY (who, key)
);
CREATE TABLE sending (
  id {id}, public_id TEXT NOT NULL UNIQUE, tenant_id BIGINT NOT NULL REFERENCES tenant(id), who TEXT NOT NULL,
  server_id BIGINT, name TEXT, organisation TEXT, sector TEXT, state TEXT NOT NULL, created BIGINT NOT NULL
);
CREATE INDEX sending_tenant ON sending (tenant_id, id);
CREATE TABLE upload (
  id {id}, public_id TEXT NOT NULL UNIQUE, sending_id BIGINT NOT NULL REFERENCES sending(id), name TEXT NOT NULL,
  size BIGINT NOT NULL, done BIGINT NOT NULL, state TEXT NOT NULL, sha256 TEXT, created BIGINT NOT NULL
);
CREATE INDEX upload_sending ON upload (sending_id, id);
CREATE INDEX upload_sha256 ON upload (sha256);
CREATE TABLE upload_chunk (
  upload_id BIGINT NOT NULL REFERENCES upload(id), start BIGINT NOT NULL, size BIGINT NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (upload_id, start)
) {packed};
CREATE TABLE job (
  id {id}, public_id TEXT NOT NULL UNIQUE, tenant_id BIGINT NOT NULL REFERENCES tenant(id), sending_id BIGINT,
  kind TEXT NOT NULL, asked TEXT NOT NULL, who TEXT NOT NULL, state TEXT NOT NULL, created BIGINT NOT NULL, ended BIGINT,
  worker TEXT, lease BIGINT, deaths BIGINT NOT NULL DEFAULT 0, words TEXT NOT NULL DEFAULT '',
  progress TEXT NOT NULL DEFAULT '{{}}', early {blob}, server_id BIGINT
);
CREATE INDEX job_state ON job (state, id);
CREATE INDEX job_tenant ON job (tenant_id, id);
CREATE TABLE step_done (
  server_id BIGINT NOT NULL REFERENCES server(id), step TEXT NOT NULL, who TEXT NOT NULL, time BIGINT NOT NULL,
  note TEXT NOT NULL, PRIMARY KEY (server_id, step)
);
CREATE TABLE remark (
  id {id}, server_id BIGINT NOT NULL REFERENCES server(id), finding TEXT, who TEXT NOT NULL, time BIGINT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX remark_server ON remark (server_id, id);
CREATE TABLE star (
  server_id BIGINT NOT NULL REFERENCES server(id), finding TEXT NOT NULL, who TEXT NOT NULL, time BIGINT NOT NULL,
  PRIMARY KEY (server_id, finding)
);
"""

ACCESS = """
CREATE TABLE passkey (
  id {id}, public_id TEXT NOT NULL UNIQUE, account_id BIGINT NOT NULL REFERENCES account(id), credential TEXT NOT NULL UNIQUE,
  key {blob} NOT NULL, counter BIGINT NOT NULL, name TEXT NOT NULL, made BIGINT NOT NULL, used BIGINT
);
CREATE INDEX passkey_account ON passkey (account_id);
ALTER TABLE account ADD COLUMN signed_in BIGINT;
"""

INTERRUPTED = """
ALTER TABLE job ADD COLUMN interrupted BIGINT NOT NULL DEFAULT 0;
"""

TOLD = """
CREATE TABLE told (
  receiver TEXT NOT NULL, what TEXT NOT NULL, time BIGINT NOT NULL, PRIMARY KEY (receiver, what)
) {packed};
CREATE INDEX job_ended ON job (ended);
"""
