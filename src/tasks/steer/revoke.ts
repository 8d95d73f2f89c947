/**
 * How every revocation of many ends: the tasks whose ids a step named `job` has returned are REVOKED, for a reason, and
 * an event tells of each. Leaves a step named `task`.
 */
export function revoking(type: string, message: string) {
  const error = JSON.stringify({ type, message }).replaceAll("'", "''")
  return `task as (
  update darkroom.tasks t set state = 'REVOKED', finished_at = now(), error = '${error}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)`
}
