import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { finished, makeFilm, upload } from './films.ts'
import { largestOf } from './processes.ts'
import { mebibytes, startService } from './service.ts'

/**
 * Memory of API, worker and children while films of any length are uploaded and made: the largest process of each part,
 * looked at four times a second, with the server started anew for each film. It is to be flat: what a process holds of a
 * film are its segments as a list, not its media. Films over five minutes are made in parts. ffmpeg is left out, and so
 * is Postgres.
 *
 *   node scripts/bench/film-memory.ts [seconds,seconds,…]
 */
const lengths = (process.argv[2] ?? '60,600,3600').split(',').map(Number)
const parts = ['api', 'worker', 'children']
console.log(`| film | upload | ${parts.join(' | ')} |\n|---|---|---|---|---|`)
for (const seconds of lengths) {
  const { bytes, most } = await peaks(seconds)
  const columns = [`${seconds} s`, mebibytes(bytes), ...parts.map(part => mebibytes(most.get(part) ?? 0))]
  console.log(`| ${columns.join(' | ')} |`)
}

async function peaks(seconds: number) {
  const service = await startService({ RUNGS: '480p' })
  try {
    // Few and small pictures: memory of Node.js does not depend on them, and an hour is made in minutes.
    const film = await makeFilm(service, { seconds, size: '320x180', fps: 2, bits: 'many' })
    let isMade = false
    const watching = watch()
    const { task_id } = await upload(service, film)
    await finished(service, task_id)
    isMade = true
    const most = await watching
    return { bytes: (await stat(film)).size, most }

    async function watch() {
      const most = new Map<string, number>()
      do {
        for (const [part, bytes] of await largestOf(service)) most.set(part, Math.max(bytes, most.get(part) ?? 0))
        await delay(250)
      } while (!isMade)
      return most
    }
  } finally {
    await service.stop()
  }
}
