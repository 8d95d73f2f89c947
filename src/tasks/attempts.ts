import type { Database } from '#database/connect.ts'
import type { AttemptBody } from './schemas.ts'

/** Every try at a task, first to last. The one that runs is not written down yet: it is on the task's row. */
export async function listAttempts({ query }: Database, id: string): Promise<AttemptBody[]> {
  const [past, running] = await Promise.all([
    query.selectFrom('attempts').selectAll().where('task_id', '=', id).orderBy('number').execute(),
    query
      .selectFrom('tasks')
      .select(['attempts', 'worker', 'started_at'])
      .where('id', '=', id)
      .where('state', '=', 'STARTED')
      .executeTakeFirst()
  ])
  const items: AttemptBody[] = past.map(({ task_id: _, started_at, finished_at, ...attempt }) => ({
    ...attempt,
    started_at: started_at.toISOString(),
    finished_at: finished_at.toISOString()
  }))
  if (running && !past.some(({ number }) => number === running.attempts)) {
    const { attempts: number, worker, started_at } = running
    items.push({
      number,
      worker,
      started_at: started_at!.toISOString(),
      finished_at: null,
      outcome: null,
      error: null,
      exit_code: null,
      signal: null,
      peak_memory: null,
      stderr: null
    })
  }
  return items
}
