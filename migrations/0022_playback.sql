-- Keys with which an app of the operator signs links to films by itself. The secret is derived from the kid and the master
-- secret, which is not in the database: who reads this table can sign nothing.

create table darkroom.signing_keys (
  kid text primary key constraint signing_keys_kid check (kid ~ '^[0-9A-Za-z]{10}$'),
  name text not null constraint signing_keys_name check (length(name) between 1 and 100),
  created_at timestamptz not null default now(),
  retired_at timestamptz
);

comment on table darkroom.signing_keys is 'Keys with which an app signs links to films (/play) without asking the API';
comment on column darkroom.signing_keys.kid is 'First part of the links that it signs';
comment on column darkroom.signing_keys.retired_at is 'Since when no link that it has signed is valid; null: it is in use';

create view ops.signing_keys as
select k.kid, k.name, k.created_at, k.retired_at from darkroom.signing_keys k;
comment on view ops.signing_keys is 'Keys with which an app signs links to films; their secrets are nowhere in the database';
comment on column ops.signing_keys.kid is 'First part of the links that it signs';
comment on column ops.signing_keys.name is 'What it is for';
comment on column ops.signing_keys.created_at is 'When it was made';
comment on column ops.signing_keys.retired_at is 'Since when no link that it has signed is valid; null: it is in use';
