-- Pictures and subtitles of a film: made, replaced and removed with the prints of the same attempt.

create table darkroom.extras (
  set_id uuid not null constraint extras_set references darkroom.print_sets on delete cascade,
  name text not null,
  language text,
  width int,
  height int,
  bytes bigint not null,
  storage_key text not null,

  primary key (set_id, name),
  constraint extras_subtitles check ((language is not null) = starts_with(name, 'subtitles/'))
);

comment on table darkroom.extras is 'The files of a print set beside its prints: poster, storyboard, preview, subtitles';
comment on column darkroom.extras.name is 'As in its address, /api/videos/<id>/files/<name>';
comment on column darkroom.extras.language is 'BCP 47; of subtitles alone';
comment on column darkroom.extras.width is 'Of a picture; of the storyboard: of one of its tiles';
comment on column darkroom.extras.storage_key is 'Key of the file, below DATA_DIR; each attempt writes below a key of its own';

-- As in 0013, with the addresses of the extras.
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
  (
    select '/api/videos/' || f.id || '/files/' || e.name
    from darkroom.films f join darkroom.extras e on e.set_id = f.print_set_id
    where f.id = v.id and e.name = 'poster.jpg'
  ) as poster_url,
  (
    select '/api/videos/' || f.id || '/files/' || e.name
    from darkroom.films f join darkroom.extras e on e.set_id = f.print_set_id
    where f.id = v.id and e.name = 'storyboard.vtt'
  ) as storyboard_url,
  v.probe, v.task_id, v.error, v.created_at, v.ready_at,
  (
    select coalesce(jsonb_agg(
      jsonb_build_object('language', e.language, 'url', '/api/videos/' || f.id || '/files/' || e.name)
      order by e.language collate "C"
    ), '[]')
    from darkroom.films f join darkroom.extras e on e.set_id = f.print_set_id
    where f.id = v.id and e.language is not null
  ) as subtitles,
  case when jsonb_array_length(coalesce(v.probe -> 'audio_tracks', '[]')) > 1 then (
    select '/api/videos/' || v.id || '/files/hls/tracks.m3u8'
    from darkroom.streams s where s.video_id = v.id and s.complete
  ) end as hls_tracks_url,
  coalesce(v.probe -> 'audio_tracks', '[]') as audio_tracks,
  v.created_by,
  v.playback_epoch
from darkroom.videos v;

comment on column ops.videos.poster_url is 'Path of the poster at the API; null without one';
comment on column ops.videos.storyboard_url is 'Path of the storyboard (WebVTT with #xywh) at the API; null without one';
comment on column ops.videos.subtitles is 'language (BCP 47) and url of each WebVTT file, as JSON';
comment on column ops.videos.hls_tracks_url is 'Path of the master playlist (HLS) for players that choose an audio track; null where there is one track or none';
comment on column ops.videos.audio_tracks is 'language (BCP 47), name and default of each audio track of the prints, as JSON';
comment on column ops.videos.created_by is 'Name of the key that uploaded it; null without one';
comment on column ops.videos.playback_epoch is 'Part of what signs a link to the film; each revocation raises it';
