/** What processes tell each other through Postgres. Each message is a comma list of words. */
export const channels = {
  /** Names of queues that have something to do. */
  wake: 'darkroom_wake',
  /** Ids of tasks that have changed. */
  changed: 'darkroom_changed',
  /** Ids of running tasks whose end was asked for. */
  cancel: 'darkroom_cancel',
  /** Ids of workers that are to do something else from now on. */
  steer: 'darkroom_steer',
  /** In how many milliseconds something must have begun. */
  deadline: 'darkroom_deadline'
} as const
