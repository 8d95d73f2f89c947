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

-- No row for an unknown film.
create function darkroom.set_playback(video_id uuid, playback text) returns setof uuid
language sql set search_path = pg_catalog, pg_temp as $$
  update darkroom.films f set playback = $2 where f.id = $1 returning f.id
$$;
comment on function darkroom.set_playback(uuid, text) is 'Sets for whom a film is, for HTTP and ops.set_playback';

create function ops.set_playback(video_id uuid, playback text default null) returns ops.videos
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed ops.videos;
begin
  if $2 not in ('public', 'signed') then
    perform darkroom.refuse(400, 'INVALID_REQUEST', 'playback must be public, signed or null');
  end if;
  perform from darkroom.set_playback($1, $2);
  if not found then
    perform darkroom.refuse(404, 'VIDEO_NOT_FOUND', format('There is no video with the id "%s"', $1));
  end if;
  perform darkroom.record_sql_act('video.change', 'video', $1::text, jsonb_build_object('playback', $2));
  select * into changed from ops.videos v where v.id = $1;
  return changed;
end;
$$;
comment on function ops.set_playback(uuid, text) is 'Makes what is made of a film public or signed; null: as the setting PLAYBACK says. As PATCH /api/videos/{id}';

revoke all on function ops.set_playback(uuid, text) from public;
