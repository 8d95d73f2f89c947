/**
 * Depth and oldest age, in seconds, of a queue `q`, as a step named `waiting`. Waiting jobs are read once, from pg-boss's
 * fetch index alone, so finished ones cost nothing. The oldest job is not the one that was created first: a retry or a
 * countdown waits from its due time.
 */
export const waiting = `cross join lateral (
  select
    count(*)::int as depth,
    extract(epoch from now() - min(j.start_after))::float8 as oldest
  from pgboss.job j
  where j.name = q.name and j.state < 'active' and not j.blocked
) waiting`
