import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { openService } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'

t.test("watchers of a video's task see progress that only grows, and a status that never goes back", async t => {
  const service = await openService(t, { env: await slowFfmpeg(t) })
  const { id, task_id } = await service.keep(await shoot({ seconds: 4 }))
  const seen: { status: string; progress: number | null }[] = []
  const look = async () => {
    const { status, progress } = (await service.get(`/api/videos/${id}/status`)).json()
    if (JSON.stringify(seen.at(-1)) !== JSON.stringify({ status, progress })) seen.push({ status, progress })
  }

  await look()
  await service.startWorker()
  for (let task = await service.until(task_id, ({ state }) => state === 'STARTED'); !task.finished_at; ) {
    await look()
    const { progress: before } = task
    task = await service.until(task_id, ({ progress, finished_at }) => progress !== before || finished_at !== null)
  }
  await look()

  const words = [...new Set(seen.map(({ status }) => status))]
  t.strictSame(words, ['uploaded', 'processing', 'ready'])
  const progress = seen.map(({ progress }) => progress).filter(value => value !== null)
  t.strictSame(
    progress,
    progress.toSorted((one, other) => one - other)
  )
  t.ok(
    progress.some(value => value > 0 && value < 1),
    `in between, too: ${progress}`
  )
  t.equal(progress.at(-1), 1)
})
