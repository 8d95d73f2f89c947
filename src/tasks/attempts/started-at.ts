/**
 * When the body of an attempt began, by the clock of its worker's machine, which may be off: not before it was claimed,
 * by the database's clock, and not after it has ended.
 */
export const startedAt = (ending: string) => `least(now(), greatest(t.created_at, t.started_at, ${ending}.started_at))`
