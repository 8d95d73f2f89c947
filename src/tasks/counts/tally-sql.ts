import { askedGroups, conditions } from '../listing/conditions.ts'
import { inSlice, sliceOf, sliceStop } from '../listing/search-sql.ts'
import { toOlder } from '../listing/ways.ts'

/** Index rows of all groups that a first look reads, at most: 0.3 µs each. */
const firstLook = 100_000

/** How many tasks each group has, up to its share of a first look. */
export const countGroupsSql = `
with ${askedGroups}, share as materialized (
  select (${firstLook} / greatest(count(*), 1))::int as most from asked
)
select asked.*, counted.count, counted.count = (select most from share) as more
from asked
cross join lateral (
  select count(*)::int as count from (
    select from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and t.created_at < $6::timestamptz and t.created_at > $7::timestamptz
    limit (select most from share)
  ) counting
) counted`

/** The same for groups with more than that, and what Postgres estimates where there are more still. */
export const countLargeGroupsSql = `
select large.state, large.task, large.queue, counted.count, counted.count = large.most as more,
  case when counted.count = large.most then darkroom.estimate_tasks(
    large.state, large.task, large.queue, $5::timestamptz, $6::timestamptz
  ) end as estimate
from unnest($1::text[], $2::text[], $3::text[], $4::int[]) large (state, task, queue, most)
cross join lateral (
  select count(*)::int as count from (
    select from darkroom.tasks t
    where t.state = large.state and t.task = large.task and t.queue = large.queue
      and t.created_at < $5::timestamptz and t.created_at > $6::timestamptz
    limit large.most
  ) counting
) counted`

export const estimateStatesSql = `
select state, darkroom.estimate_tasks(state, null, null, $2::timestamptz, $3::timestamptz) as count
from unnest($1::text[]) asked (state)`

/** Waiting tasks whose time is to come, by kind and queue; of more than $3 Postgres estimates the number. */
export const countScheduledSql = `
with scheduled as materialized (
  select t.task, t.queue, t.created_at from darkroom.tasks t
  where t.state = 'PENDING' and t.eta is not null and t.eta > now()
  order by t.eta limit $3::int
)
select task, queue, count(*)::int as count,
  case when (select count(*) from scheduled) = $3 then
    darkroom.estimate_tasks('PENDING', null, null, $1::timestamptz, $2::timestamptz, true)
  end as estimate
from scheduled
where created_at < $1 and created_at > $2
group by task, queue`

const bucket = (from: string, to: string, buckets: string) =>
  `width_bucket(extract(epoch from t.created_at)::float8, ${from}::float8, ${to}::float8, ${buckets}::int)`

const counted = `
  (
    select coalesce(json_agg(counted), '[]') from (
      select state, task, queue, scheduled, bucket, sum(count)::int as count from found group by 1, 2, 3, 4, 5
    ) counted
  ) as found,
  ${sliceStop}`

/**
 * A slice of about $10 rows, counted by state, kind, queue and bucket: of $13 between the seconds $11 and $12. Only
 * waiting tasks are read; an index knows enough of the others.
 */
export const tallySql = `
with ${sliceOf(toOlder, '$10')}, found as (
  select asked.*, t.* from asked
  cross join lateral (
    select ${bucket('$11', '$12', '$13')} as bucket, false as scheduled, count(*) as count
    from darkroom.tasks t
    where asked.state <> 'PENDING' and ${inSlice(toOlder)}
    group by 1
    union all
    select ${bucket('$11', '$12', '$13')} as bucket, coalesce(t.eta > now(), false) as scheduled, count(*) as count
    from darkroom.tasks t
    where asked.state = 'PENDING' and ${inSlice(toOlder)}
    group by 1, 2
  ) t
)
select ${counted}`

/** The same for those that fit the conditions of a search; $10 is a bucket for all. */
export const tallySearchSql = `
with ${sliceOf(toOlder)}, found as (
  select asked.*, t.* from asked
  cross join lateral (
    select coalesce($10::int, ${bucket('$28', '$29', '$30')}) as bucket,
      asked.state = 'PENDING' and coalesce(t.eta > now(), false) as scheduled, count(*) as count
    from darkroom.tasks t
    where ${inSlice(toOlder)}
      and ${conditions}
    group by 1, 2
  ) t
)
select ${counted}`
