import { taskModule } from './task-folder.ts'

/** A task that says so when it has begun, ends when there is a file, or is told to stop, and says how often it was tried. */
export const gate = {
  'gate.ts': taskModule(
    'gate',
    `const { existsSync } = await import('node:fs')
     progress(0.5)
     while (!existsSync(args.gate)) await delay(20, undefined, { signal })
     return attempt`
  )
}
