-- Uploads that arrive in several requests (tus), to any API process. The row is the truth: so many bytes as it says are
-- synced to the disk, and what a file has behind that is discarded. Only the holder of the lease writes; a lease is not a
-- lock of Postgres, because it has to end by itself when its process dies, and to pass connection poolers.

create table darkroom.uploads (
  id uuid primary key,
  filename varchar(255) not null,
  metadata text not null default '',
  length bigint check (length > 0),
  received bigint not null default 0 check (received >= 0),
  written_by uuid,
  lease uuid,
  leased_until timestamptz,
  video_id uuid references darkroom.films on delete cascade,
  request_id text,
  owner text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,

  check (received <= length),
  check ((lease is null) = (leased_until is null)),
  -- The offset reaches the length in the transaction that makes the film, so no upload is complete without one.
  check ((video_id is null) = (length is null or received < length)),
  check (video_id = id)
);

create unique index uploads_video on darkroom.uploads (video_id);
create index uploads_expiring on darkroom.uploads (expires_at);

comment on table darkroom.uploads is 'Resumable uploads (tus) until expires_at; the bytes are in DATA_DIR/uploads until they are a film';
comment on column darkroom.uploads.id is 'Also the id of the film that it becomes';
comment on column darkroom.uploads.filename is 'Name of the film';
comment on column darkroom.uploads.metadata is 'Upload-Metadata as the client sent it';
comment on column darkroom.uploads.length is 'Bytes of the whole file; null while the client has not said';
comment on column darkroom.uploads.received is 'The offset: bytes that have arrived and are synced to the disk';
comment on column darkroom.uploads.written_by is 'The lease under which the last of these bytes were written: the process that had it may go on with its hash. Null where a lease ended without its holder: then the file is read again at the end';
comment on column darkroom.uploads.lease is 'The request that writes now';
comment on column darkroom.uploads.leased_until is 'When another request may take over, unless the lease is renewed, as it is every 3 seconds while bytes arrive';
comment on column darkroom.uploads.video_id is 'The film, once all bytes are there; the row goes with it';
comment on column darkroom.uploads.owner is 'Family of the key that created it, where that key sees only what it has created; else null';
comment on column darkroom.uploads.request_id is 'X-Request-Id of the request that created it';
comment on column darkroom.uploads.expires_at is 'UPLOAD_EXPIRES after the last byte; expire_uploads then removes the upload, but no film';
