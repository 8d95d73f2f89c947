import { usualLengths } from '../../src/media/parts/split.ts'
import { finished, makeFilm, processAgain, upload } from './films.ts'
import { median, startService } from './service.ts'

/**
 * A film in parts against the same film in one run, on a whole server: wall time, in turns. 720p in two rungs, in
 * stretches of 20 s and then 60: three minutes, which a worker makes in one run of its own accord, or as many as are asked
 * for. Each part costs the same, so a longer or larger film is nearer to 1.
 *
 *   node scripts/bench/parts.ts [rounds] [seconds of film]
 */
const rounds = Number(process.argv[2] ?? 2)
const seconds = Number(process.argv[3] ?? 180)
const { shortest, first, usual } = usualLengths
// A film of less than five minutes is made in parts all the same.
const DARKROOM_FILM_PARTS = [Math.min(seconds, shortest), first, usual].join()
const service = await startService({ DARKROOM_FILM_PARTS, WORKER_CONCURRENCY: '2', RUNGS: '480p,720p' })
try {
  const film = await makeFilm(service, { seconds, size: '1280x720', fps: 25, bits: 'many' })
  const { id, task_id } = await upload(service, film)
  await finished(service, task_id)
  const ratios: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const [alone, parts] = [await processAgain(service, id, false), await processAgain(service, id, true)]
    ratios.push(parts / alone)
    console.log(
      `round ${round}: one run ${alone.toFixed(1)} s, parts ${parts.toFixed(1)} s, ${(parts / alone).toFixed(3)} x`
    )
  }
  console.log(`median ${median(ratios).toFixed(3)} x the wall time of one run (aim: at most 1.10)`)
} finally {
  await service.stop()
}
