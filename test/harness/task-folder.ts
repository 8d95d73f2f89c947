import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

/** A folder of task modules as users write them, for TASKS_DIR: file name to source. */
export async function taskFolder(t: Test, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-tasks-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const [name, source] of Object.entries(files)) await writeFile(path.join(folder, name), source)
  return folder
}

/** A module with one task of a name, retried at once unless its settings say otherwise. */
export function taskModule(name: string, body: string, settings = '') {
  return `
    import { spawn } from 'node:child_process'
    import { appendFileSync, writeFileSync } from 'node:fs'
    import { setTimeout as delay } from 'node:timers/promises'
    import { defineTask, GiveUp, RetryLater } from 'darkroom'
    import { Type } from 'typebox'

    export default defineTask({
      name: '${name}',
      args: Type.Record(Type.String(), Type.Any()),
      retry_delay: 0,
      ${settings && `${settings},`}
      async run (args, { id, attempt, signal, progress, log }) { ${body} }
    })
  `
}

/** The same for a kind that runs in the worker's own event loop; `forever()` never ends, and keeps no process alive. */
export function inlineModule(name: string, body: string, settings = '') {
  const source = taskModule(name, body, ["pool: 'inline'", settings].filter(Boolean).join(', '))
  return `
    import { EventEmitter } from 'node:events'
    import { existsSync } from 'node:fs'
    ${source.replace('progress, log }', 'progress, log, db }')}
    const forever = () => delay(600_000, undefined, { ref: false })
  `
}
