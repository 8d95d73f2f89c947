/** NOTIFY channels between the processes. A payload is a comma list of words. */
export const channels = {
  /** Queues that have got tasks. */
  wake: 'darkroom_wake',
  /** Ids of tasks that have changed. */
  changed: 'darkroom_changed',
  /** Ids of running tasks whose cancellation was requested. */
  cancel: 'darkroom_cancel',
  /** Ids of workers whose desired state has changed. */
  steer: 'darkroom_steer',
  /** Milliseconds until a new start deadline. */
  deadline: 'darkroom_deadline',
  /** Messages to webhooks were written; sent by triggers. */
  webhooks: 'darkroom_webhooks',
  /** Id of a key or session that has changed; sent by triggers. */
  keys: 'darkroom_keys'
} as const
