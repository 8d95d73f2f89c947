-- Keys of the API, and sessions of the dashboard that were opened with one. Both are kept as hashes: a dump opens no door.

create table darkroom.api_keys (
  id text primary key constraint api_keys_id check (id ~ '^[0-9A-Za-z]{10}$'),
  name text not null constraint api_keys_name check (length(name) between 1 and 100),
  family text not null,
  hash bytea not null unique constraint api_keys_hash check (length(hash) = 32),
  scopes text[] not null constraint api_keys_scopes check (
    cardinality(scopes) > 0
    and scopes <@ array['read', 'submit', 'operate', 'play', 'original', 'metrics', 'admin']
  ),
  limits jsonb not null default '{}' constraint api_keys_limits check (jsonb_typeof(limits) = 'object'),
  created_at timestamptz not null default now(),
  created_by text,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  replaced_by text
);

create index api_keys_newest on darkroom.api_keys (created_at desc, id desc);

comment on table darkroom.api_keys is 'Keys of the API; the key itself is nowhere. While there is a row, a service that was open on its own machine asks for a key';
comment on column darkroom.api_keys.id is 'Part of the key: dr_k_<id>_…';
comment on column darkroom.api_keys.family is 'Id of the key that it was rotated from, and that from the one before; else its own. In owner of what it creates';
comment on column darkroom.api_keys.hash is 'SHA-256 of the whole key';
comment on column darkroom.api_keys.scopes is 'What it may do: read, submit, operate, play, original, metrics, admin';
comment on column darkroom.api_keys.limits is 'What it may not go beyond: kinds, queues, max_priority, max_pending, max_time_limit, max_retries, max_upload_bytes, rate, burst, networks, own';
comment on column darkroom.api_keys.created_by is 'Name of the key that made it; cli, or ADMIN_KEY_FILE';
comment on column darkroom.api_keys.last_used_at is 'To the minute';
comment on column darkroom.api_keys.revoked_at is 'Since when it opens nothing';
comment on column darkroom.api_keys.revoked_by is 'Name of the key that revoked it; cli, or a role of Postgres';
comment on column darkroom.api_keys.replaced_by is 'Id of the key that a rotation made';

create table darkroom.sessions (
  id text primary key constraint sessions_id check (id ~ '^[0-9A-Za-z]{10}$'),
  hash bytea not null unique constraint sessions_hash check (length(hash) = 32),
  key_id text not null constraint sessions_key references darkroom.api_keys on delete cascade,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  address text,
  agent text
);

create index sessions_by_key on darkroom.sessions (key_id);
create index sessions_oldest on darkroom.sessions (expires_at);

comment on table darkroom.sessions is 'Browsers that have signed in to the dashboard; a session ends with its key';
comment on column darkroom.sessions.hash is 'SHA-256 of the cookie';
comment on column darkroom.sessions.seen_at is 'To the minute; 12 hours later it ends';
comment on column darkroom.sessions.expires_at is 'When it ends in any case';
comment on column darkroom.sessions.address is 'Where it was opened from';
comment on column darkroom.sessions.agent is 'User-Agent of the browser';

-- Every API forgets what it knows of a key that has changed, whatever changed it. A key that was not used for a minute has
-- its row changed by last_used_at alone, which is no news.
create function darkroom.tell_keys() returns trigger
language plpgsql as $$
begin
  perform pg_notify('darkroom_keys', coalesce(new.id, old.id));
  return null;
end;
$$;
comment on function darkroom.tell_keys() is 'Tells every API that a key or a session has changed';

create trigger api_keys_told after insert or delete or update of hash, scopes, limits, expires_at, revoked_at
  on darkroom.api_keys for each row execute function darkroom.tell_keys();
create trigger sessions_told after delete or update of hash, key_id, expires_at
  on darkroom.sessions for each row execute function darkroom.tell_keys();

create view ops.api_keys as
select
  k.id, k.name, k.scopes, k.limits, k.created_at, k.created_by, k.expires_at, k.last_used_at, k.revoked_at, k.revoked_by,
  k.replaced_by,
  case
    when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active'
  end as status,
  (
    select count(*)::int from darkroom.sessions s
    where s.key_id = k.id and s.expires_at > now() and s.seen_at > now() - interval '12 hours'
  ) as sessions
from darkroom.api_keys k;

comment on view ops.api_keys is 'Keys of the API; never the key or its hash';
comment on column ops.api_keys.id is 'Part of the key: dr_k_<id>_…';
comment on column ops.api_keys.name is 'Name; what it creates says it in created_by';
comment on column ops.api_keys.scopes is 'What it may do: read, submit, operate, play, original, metrics, admin';
comment on column ops.api_keys.limits is 'What it may not go beyond';
comment on column ops.api_keys.created_at is 'When it was made';
comment on column ops.api_keys.created_by is 'Name of the key that made it; cli, or ADMIN_KEY_FILE';
comment on column ops.api_keys.expires_at is 'When it ends by itself; null: never';
comment on column ops.api_keys.last_used_at is 'To the minute';
comment on column ops.api_keys.revoked_at is 'Since when it opens nothing';
comment on column ops.api_keys.revoked_by is 'Name of the key that revoked it; cli, or a role of Postgres';
comment on column ops.api_keys.replaced_by is 'Id of the key that a rotation made';
comment on column ops.api_keys.status is 'active, expired or revoked';
comment on column ops.api_keys.sessions is 'Browsers that are signed in with it';

create view ops.sign_ins as
select
  s.id, s.key_id, k.name as key, s.created_at, s.seen_at,
  least(s.expires_at, s.seen_at + interval '12 hours', k.expires_at) as expires_at, s.address, s.agent
from darkroom.sessions s join darkroom.api_keys k on k.id = s.key_id
where least(s.expires_at, s.seen_at + interval '12 hours', k.expires_at) > now();

comment on view ops.sign_ins is 'Browsers that are signed in to the dashboard; never the cookie or its hash';
comment on column ops.sign_ins.id is 'Id, as DELETE /api/sessions/{id} takes it';
comment on column ops.sign_ins.key_id is 'Id of the key that has signed in';
comment on column ops.sign_ins.key is 'Name of that key';
comment on column ops.sign_ins.created_at is 'When it was opened';
comment on column ops.sign_ins.seen_at is 'When it was used last, to the minute';
comment on column ops.sign_ins.expires_at is 'When it ends, unless it is used';
comment on column ops.sign_ins.address is 'Where it was opened from';
comment on column ops.sign_ins.agent is 'User-Agent of the browser';
