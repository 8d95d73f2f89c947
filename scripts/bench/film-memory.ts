import { finished, makeFilm, send, upload } from './films.ts'
import { largestOf } from './processes.ts'
import { mebibytes, startService } from './service.ts'

/**
 * Memory of API, worker and children while films of any length are made, in parts and in one run: the largest process of
 * each part, looked at four times a second, with the server started anew for each film. It is to be flat: what a process
 * holds of a film are its segments as a list, not its media. ffmpeg is left out, and so is Postgres.
 *
 *   node scripts/bench/film-memory.ts [seconds,seconds,…]
 */
const lengths = (process.argv[2] ?? '10,600,3600').split(',').map(Number)
for (const seconds of lengths) {
  for (const parts of seconds > 300 ? [false, true] : [false]) console.log(await peaks(seconds, parts))
}

async function peaks(seconds: number, parts: boolean) {
  const service = await startService({ RUNGS: '480p' })
  try {
    // Small pictures: memory of Node.js does not depend on them, and an hour is made in minutes.
    const film = await makeFilm(service, { seconds, size: '320x180', fps: 10, bits: 'many' })
    const most = new Map<string, number>()
    const look = async () => {
      for (const [part, bytes] of await largestOf(service)) most.set(part, Math.max(bytes, most.get(part) ?? 0))
    }
    const timer = setInterval(look, 250)
    const { id, task_id } = await upload(service, film)
    if (!parts) await finished(service, await inOneRun(id, task_id))
    else await finished(service, task_id)
    clearInterval(timer)
    // What stays of it; the only look at a film that is made in an instant.
    await look()
    const all = [...most].map(([part, bytes]) => `${part} ${mebibytes(bytes)}`).join(', ')
    return `${seconds} s of film, ${parts ? 'in parts' : 'in one run'}: at most ${all}`
  } finally {
    await service.stop()
  }

  async function inOneRun(video_id: string, task_id: string) {
    await send(service, 'POST', `/api/tasks/${task_id}/cancel?wait=20`)
    const { id } = (await send(service, 'POST', '/api/tasks', {
      task: 'process_video',
      args: { video_id, parts: false }
    })) as { id: string }
    return id
  }
}
