import { readFile } from 'node:fs/promises'
import { taskModule } from './task-folder.ts'
import { until } from './until.ts'

// Each writes the ids of its processes to a file: the second and third are what an encoder would be, the fourth has
// left for a session of its own.
const tell = `appendFileSync(args.file, [process.pid, ...more].join(' ') + '\\n')`
const family = `
  const more = [spawn('sleep', ['600']).pid, spawn('sh', ['-c', 'sleep 601 & wait'], { stdio: 'inherit' }).pid,
    spawn('sleep', ['602'], { detached: true, stdio: 'ignore' }).pid]
  await delay(100)
`

/** Task modules whose first attempt does not end by itself; a later one answers its number. */
export const families = {
  'patient.ts': taskModule(
    'patient',
    `${family} ${tell}; if (attempt === 1) await delay(600_000, undefined, { signal }); return attempt`
  ),
  'busy.ts': taskModule('busy', `${family} ${tell}; while (attempt === 1) {} return attempt`),
  'deaf.ts': taskModule('deaf', `${family} ${tell}; while (attempt === 1) await delay(600_000); return attempt`)
}

/** The processes of the first attempt that are in the file, its own first. */
export async function processesIn(file: string): Promise<number[]> {
  return until(
    async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1)[0]?.split(' ').map(Number),
    'the attempt names its processes'
  )
}
