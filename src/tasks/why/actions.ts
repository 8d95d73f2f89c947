import type { Why } from './why.ts'

/** A request that an operator can send, as a button. */
export interface Action {
  label: string
  method: string
  url: string
  scope: string
  body?: Record<string, unknown>
}

/** What an operator can do about it, the remedy first. */
export function actionsFor(id: string, { code, state, queue, paused_workers }: Why): Action[] {
  const post = (label: string, url: string) => ({ label, method: 'POST', url, scope: 'operate' })
  if (code === 'finished') {
    return state === 'SUCCESS' ? [] : [post('Retry', `/api/tasks/${id}/retry`)]
  }
  const remedies: Action[] = []
  if (code === 'queue_paused') {
    remedies.push(post(`Resume queue ${queue}`, `/api/queues/${encodeURIComponent(queue)}/resume`))
  }
  if (code === 'workers_paused') {
    for (const worker of paused_workers) {
      remedies.push({
        label: `Resume worker on ${worker.host}`,
        method: 'PATCH',
        url: `/api/workers/${worker.id}`,
        scope: 'operate',
        body: { paused: false }
      })
    }
  }
  return [...remedies, post('Cancel', `/api/tasks/${id}/cancel`)]
}
