const rooms: Record<string, (id: string) => string> = {
  queue: id => `/tasks?queue=${id}`,
  kind: id => `/tasks?task=${id}`,
  worker: id => `/workers/${id}`,
  schedule: id => `/schedules/${id}`,
  task: id => `/tasks/${id}`,
  video: id => `/videos/${id}`,
  bulk_operation: id => `/bulk/${id}`,
  webhook: id => `/webhooks/${id}`,
  key: () => '/keys'
}

/** The page about a thing, where there is one. */
export function roomOf(type: string, id: string): string | undefined {
  return Object.hasOwn(rooms, type) ? rooms[type]!(encodeURIComponent(id)) : undefined
}
