import { askedGroups, conditions, inGroups } from './conditions.ts'
import { leastId, placed, startOf, toNewer, toOlder, type Way } from './ways.ts'

/**
 * Where a slice of about so many rows ends is decided per group: the nearest of the rows that are as many behind the start
 * as each group's share. Everything before that row is in the slice, of every group. No such row: the slice reaches to
 * the end.
 */
export const sliceOf = (way: Way, size = '$27') => `${askedGroups}, ${startOf(way)}, stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) ${way.on} ((select at from start), (select id from start))
      and t.created_at ${way.within} ${way.far}::timestamptz
    order by t.created_at ${way.order}, t.id ${way.order}
    offset (select ${size}::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at ${way.order}, t.id ${way.order}
  limit 1
)`

/** Condition for the rows of that slice, of one of its groups. */
export const inSlice = ({ on, within, far, end }: Way) => `
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) ${on} ((select at from start), (select id from start)) and t.created_at ${within} ${far}
      and t.created_at ${within}= coalesce((select created_at from stop), '${end}')
      and (
        t.created_at ${within} coalesce((select created_at from stop), '${end}')
        or t.id ${within}= (select id from stop)
      )`

export const sliceStop = `(
    select json_build_object('id', id, 'place', ${placed('created_at')}) from stop
  ) as stop`

/** A slice of a search that no index answers: at most about $27 rows are read, and $10 are found. */
const searchSql = (way: Way) => `
with ${sliceOf(way)}, found as (
  select t.id, t.created_at from asked
  cross join lateral (
    select t.id, t.created_at from darkroom.tasks t
    where ${inSlice(way)}
      and ${conditions}
    order by t.created_at ${way.order}, t.id ${way.order}
    limit $10::int
  ) t
  order by t.created_at ${way.order}, t.id ${way.order}
  limit $10
)
select
  (
    select coalesce(json_agg(
      json_build_object('id', id, 'place', ${placed('created_at')})
      order by created_at ${way.order}, id ${way.order}
    ), '[]')
    from found
  ) as found,
  ${sliceStop}`

export const searchToOlderSql = searchSql(toOlder)
export const searchToNewerSql = searchSql(toNewer)

interface Path {
  /** Condition that an index answers, in the order of `key`. */
  tasks: string
  key: string
}

const scheduled: Path = { tasks: `t.state = 'PENDING' and t.eta is not null and t.eta > now()`, key: 't.eta' }
const ofSchedule: Path = { tasks: 't.schedule_id = ($19::uuid[])[1]', key: 't.created_at' }
const ofOwner: Path = { tasks: 't.owner = $26', key: 't.created_at' }
const ofVideo: Path = { tasks: 't.video_id = ($21::uuid[])[1]', key: 't.created_at' }

/** A slice of a search through an index of its own: $27 rows are read. */
const followSql = ({ tasks, key }: Path, { on, order }: Way, back = order === 'asc' ? 'desc' : 'asc') => `
with slice as materialized (
  select t.id, ${key} as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and ${inGroups}
    and ${conditions}
  ) as fits
  from darkroom.tasks t
  where ${tasks} and (${key}, t.id) ${on} ($6::timestamptz, $7::uuid)
  order by ${key} ${order}, t.id ${order}
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', ${placed('at')}) order by at ${order}, id ${order}), '[]')
    from (select id, at from slice where fits order by at ${order}, id ${order} limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', ${placed('at')}) from slice
    where (select count(*) from slice) = $27::int
    order by at ${back}, id ${back} limit 1
  ) as stop`

export const followScheduledToLaterSql = followSql(scheduled, toNewer)
export const followScheduledToSoonerSql = followSql(scheduled, toOlder)
export const followScheduleToOlderSql = followSql(ofSchedule, toOlder)
export const followScheduleToNewerSql = followSql(ofSchedule, toNewer)
export const followVideoToOlderSql = followSql(ofVideo, toOlder)
export const followVideoToNewerSql = followSql(ofVideo, toNewer)
export const followOwnerToOlderSql = followSql(ofOwner, toOlder)
export const followOwnerToNewerSql = followSql(ofOwner, toNewer)

/** A single task, $10, where the filters allow it. */
export const searchByIdSql = `
select t.id, ${placed('t.created_at')} as place
from darkroom.tasks t
where t.id = $10::uuid and (t.created_at, t.id) > ($6::timestamptz, $7::uuid)
  and t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and ${inGroups}
  and ${conditions}`

export const beforeAll = ['-infinity', leastId] as const
