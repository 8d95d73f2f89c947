/** Seconds without a heartbeat after which a worker is taken for dead. */
export const lease = 10

/** Condition on darkroom.workers `w`: the worker has shown itself within its lease. */
export const isRunning = `w.status = 'running' and w.heartbeat_at > now() - ${lease} * interval '1 second'`

/** The same, and it takes tasks: it is neither paused nor ending. */
export const takesTasks = `${isRunning} and w.paused_at is null and w.shutdown is null`
