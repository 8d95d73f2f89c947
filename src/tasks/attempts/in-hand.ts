/**
 * Every started task, as a step named `in_hand`. `ahead` is true where the task waits in its worker for a child
 * process. No row records the start of a body: that write would cost more than the claim. A worker starts bodies in the
 * order of its claims, so the tasks beyond its concurrency are still ahead. Inline bodies start at once.
 */
export const inHand = `in_hand as materialized (
  select
    t.id, t.queue,
    (not inline and row_number() over (
      partition by t.worker, inline order by t.started_at, t.priority desc, t.created_at, t.id
    ) > w.concurrency) is true as ahead
  from darkroom.tasks t
  left join darkroom.workers w on w.id = t.worker
  cross join lateral (select coalesce(t.task = any(w.inline_kinds), false) as inline) where_it_runs
  where t.state = 'STARTED'
)`
