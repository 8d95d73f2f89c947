alter table darkroom.print_sets add column hls boolean not null default false;

comment on column darkroom.print_sets.hls is 'Whether it has streams (HLS) beside its prints';

-- Of a film that is made in parts: whose folder these work in (0017_film_parts.sql).
create function darkroom.attempt_of_parts(film uuid) returns int language plpgsql stable as $$
begin
  return (select p.attempt from darkroom.film_plans p where p.task_id = film);
end;
$$;
comment on function darkroom.attempt_of_parts(uuid) is 'The attempt in whose folder the parts of a film are; null where it has none';

-- A view of its own: who changes darkroom.videos does not meet this.
create view darkroom.streams as
select s.video_id, s.task_id, s.attempt, true as complete
from darkroom.films f join darkroom.print_sets s on s.id = f.print_set_id
where s.hls
union all
select t.video_id, t.id, coalesce(darkroom.attempt_of_parts(t.id), t.attempts), false
from darkroom.tasks t
where t.task = 'process_video' and t.state = 'STARTED' and t.finished_at is null
  and t.progress_detail -> 'hls' = 'true'
  and (
    select s.hls from darkroom.films f join darkroom.print_sets s on s.id = f.print_set_id where f.id = t.video_id
  ) is not true;

comment on view darkroom.streams is 'Whose stream (HLS) is served of each video that has one: of its print set, or, while the first ones are made, of the attempt that is at work';
comment on column darkroom.streams.attempt is 'With task_id: whose folder the files are in, DATA_DIR/videos/<video_id>/prints-<task_id>-<attempt>/hls';
comment on column darkroom.streams.complete is 'Whether all of it is there; else it grows';

create or replace view ops.videos as
select
  v.id, v.filename, v.bytes, v.sha256, v.status, v.processed, v.progress,
  (select r.url from ops.renditions r where r.video_id = v.id and r.name = '480p') as resolution_480p,
  (select r.url from ops.renditions r where r.video_id = v.id and r.name = '720p') as resolution_720p,
  (select r.url from ops.renditions r where r.video_id = v.id and r.name = '1080p') as resolution_1080p,
  (
    select coalesce(jsonb_agg(
      to_jsonb(r) - 'video_id' - 'duration' order by coalesce(array_position(array['480p', '720p', '1080p', '1440p', '2160p'], split_part(r.name, '.', 1)), 0),
      r.name collate "C"
    ), '[]') from ops.renditions r where r.video_id = v.id
  ) as renditions,
  (
    select '/api/videos/' || v.id || '/files/hls/master.m3u8' from darkroom.streams s where s.video_id = v.id
  ) as hls_url,
  null::text as poster_url, null::text as storyboard_url,
  v.probe, v.task_id, v.error, v.created_at, v.ready_at
from darkroom.videos v;

comment on column ops.videos.hls_url is 'Path of the master playlist (HLS) at the API, from the first segment on; null without one';
