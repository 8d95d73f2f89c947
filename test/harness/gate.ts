import { taskModule } from './task-folder.ts'

/** A task that reports its start, ends when a file exists or its signal aborts, and returns its attempt's number. */
export const gate = {
  'gate.ts': taskModule(
    'gate',
    `const { existsSync } = await import('node:fs')
     progress(0.5)
     while (!existsSync(args.gate)) await delay(20, undefined, { signal })
     return attempt`
  )
}
