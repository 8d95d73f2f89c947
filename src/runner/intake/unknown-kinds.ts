import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { findUnknownKinds, mostCounted } from '#tasks/upkeep/unknown-kinds.ts'
import type { Voice } from '#tasks/voice.ts'

/**
 * Notifies other workers of tasks whose kinds this worker does not know, and warns the operator where no worker knows
 * them.
 */
export function unknownKinds({ pool, voice, log }: { pool: Pool; voice: Voice; log: Logger }) {
  async function warn() {
    for (const { kind, waiting } of await findUnknownKinds(pool)) {
      const tasks =
        waiting > mostCounted ? `more than ${mostCounted} tasks` : `${waiting} task${waiting === 1 ? '' : 's'}`
      log.warn(
        { kind, waiting },
        `no running worker knows the kind "${kind}": ${tasks} of it will wait until a worker starts that does ` +
          '(TASKS_DIR of the workers and of the API should be the same)'
      )
    }
  }

  return (kinds: string[], queues: string[]) => {
    log.debug({ kinds, queues }, 'tasks of kinds that this worker does not know are left to other workers')
    // A worker that knows them may have passed over their jobs while this one had them locked.
    voice.wake(...queues)
    void warn().catch(error => log.debug({ err: error }, 'the check for kinds that no worker knows failed'))
  }
}
