/** Seconds without a heartbeat after which a worker is lost. */
export const lease = 10

/** Condition on darkroom.workers `w`: its last heartbeat is within its lease. */
export const isRunning = `w.status = 'running' and w.heartbeat_at > now() - ${lease} * interval '1 second'`

/** A running worker that takes tasks: it is neither paused nor shutting down. */
export const takesTasks = `${isRunning} and w.paused_at is null and w.shutdown is null`
