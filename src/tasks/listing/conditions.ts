/** $1 to $5 of every list: the combinations of state, kind and queue that it asks for. */
export const askedGroups = `asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
)`

/** The same for a task `t`. */
export const inGroups = `
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])`

/** How long the latest attempt of a task `t` ran, or has run. */
export const ranAt = (now: string) =>
  `case when t.state = 'STARTED' then ${now} - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end`

// The eta of a retried task is that of its latest attempt.
const waited = `
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end)`

/**
 * $11 to $26: conditions that no index answers. Of waiting tasks $11 tells those whose time is to come from others; $16
 * is a pattern, or a whole id.
 */
export const conditions = `
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or ${ranAt('now()')} >= $24 * interval '1 second')
    and ($25::float8 is null or ${waited} >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)`
