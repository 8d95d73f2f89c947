import { together } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { isUuid } from '#schema/common.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { findTasks } from './find.ts'

export type ReadTask = (id: string) => Promise<TaskBody | undefined>

/** Reads tasks for many requests: those that arrive together share a query. */
export function taskReader(db: Database): ReadTask {
  const read = together<string, TaskBody | undefined>({
    parallel: 4,
    most: 200,
    async run(ids) {
      const found = new Map((await findTasks(db, [...new Set(ids)])).map(task => [task.id, task]))
      return ids.map(id => found.get(id.toLowerCase()))
    }
  })
  return async id => (isUuid(id) ? read(id) : undefined)
}
