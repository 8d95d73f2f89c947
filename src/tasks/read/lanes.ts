/**
 * Every combination of state, kind and queue that tasks have, as a recursive step named `lanes`. Few exist, however
 * many tasks do: they are found by skipping through the index from one to the next.
 */
export const lanes = `lanes as (
  (select state, task, queue from darkroom.tasks order by state, task, queue limit 1)
  union all
  select next.* from lanes
  cross join lateral (
    select state, task, queue from darkroom.tasks t
    where (t.state, t.task, t.queue) > (lanes.state, lanes.task, lanes.queue)
    order by state, task, queue limit 1
  ) next
)`
