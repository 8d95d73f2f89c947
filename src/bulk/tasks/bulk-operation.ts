import { Type } from 'typebox'
import { defineTask } from '#tasks/define.ts'
import type { BeforeForgetting } from '#tasks/steer/forget.ts'
import { Pace } from '../pace.ts'
import { begin, finish, step } from '../steps.ts'

interface BulkOperationNeeds {
  /** Lets other features keep what they read off tasks that are forgotten. */
  remember: BeforeForgetting
}

export const kindName = 'bulk_operation'

export function bulkOperation({ remember }: BulkOperationNeeds) {
  return defineTask({
    name: kindName,
    description: 'Acts on all tasks that match a filter; submitted by POST /api/bulk-operations.',
    pool: 'inline',
    queue: 'high_priority',
    args: Type.Object({ operation_id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    max_retries: 5,

    async run({ operation_id }, { db, signal, progress }) {
      const running = await begin(db, operation_id)
      const pace = new Pace()
      let done = 0
      for (;;) {
        signal.throwIfAborted()
        const begun = performance.now()
        const stepped = running && (await step(db, running, { size: pace.tasks, remember }))
        if (!stepped) break
        pace.adapt(performance.now() - begun)
        done = stepped.done
        progress(Math.min(1, stepped.done / Math.max(1, stepped.expected)))
      }
      await finish(db, operation_id)
      return { operation_id, done }
    }
  })
}
