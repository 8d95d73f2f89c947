import { stat, truncate } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { quickFfmpeg } from '../harness/quick-ffmpeg.ts'
import { openService } from '../harness/service.ts'
import { sha256, tusClient } from '../harness/tus.ts'

const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
const service = await openService(t, { worker: true, env: { FFMPEG_PATH } })
const client = tusClient(await service.listen())
const film = await shoot({ size: '854x480' })

async function upload(bytes: Buffer): Promise<{ video_id: string; task_id: string }> {
  const address = await client.create(bytes.length)
  await client.patch(address, 0, bytes)
  return (await client.get(address)).body
}

const videoOf = async (id: string) => (await service.get(`/api/videos/${id}`)).json()
const served = async (id: string) => {
  const { statusCode, rawPayload } = await service.get(`/api/videos/${id}/files/480p.mp4`)
  return { statusCode, sha256: sha256(rawPayload) }
}
/** Number of the bytes on the disk, whatever their names. */
async function bytesOf(video: string, task: string, attempt = 1) {
  return (await stat(path.join(service.dataDir, 'videos', video, `prints-${task}-${attempt}`, '480p.mp4'))).ino
}

t.test('an upload of bytes that have prints takes these, and stays when the first film goes', async t => {
  const first = await service.keep(film)
  await service.finished(first.task_id)
  const second = await upload(film)
  const done = await service.finished(second.task_id)

  t.match(done, { state: 'SUCCESS', attempts: 1, result: { reused: true } })
  t.equal(await bytesOf(second.video_id, second.task_id), await bytesOf(first.id, first.task_id), 'not made twice')
  const [one, two] = [await videoOf(first.id), await videoOf(second.video_id)]
  const facts = ({ renditions, probe, status }: any) => ({
    ...{ status, probe },
    renditions: renditions.map(({ url: _, ...rest }: any) => rest)
  })
  t.strictSame(facts(two), facts(one))
  const before = await served(first.id)

  t.equal((await service.api.app.inject({ method: 'DELETE', url: `/api/videos/${first.id}` })).statusCode, 204)
  t.strictSame(await served(second.video_id), { statusCode: 200, sha256: before.sha256 })

  const again = (await service.post(`/api/videos/${second.video_id}/process`)).json()
  t.match(await service.finished(again.task_id), { state: 'SUCCESS', result: { reused: false } }, 'asked for, so made')
})

t.test('prints whose description was damaged are made again', async t => {
  const bytes = await shoot({ size: '640x480' })
  const first = await upload(bytes)
  await service.finished(first.task_id)
  await truncate(path.join(service.dataDir, 'videos', first.video_id, `prints-${first.task_id}-1`, 'set.json'), 20)

  const second = await upload(bytes)
  t.match(await service.finished(second.task_id), { state: 'SUCCESS', attempts: 1, result: { reused: false } })
})

t.test('a form asks for the work itself', async t => {
  const first = await upload(film)
  await service.finished(first.task_id)
  const second = await service.keep(film)

  t.match(await service.finished(second.task_id), { state: 'SUCCESS', result: { reused: false } })
})

t.test('prints of other bytes, or of a film that is gone, are made', async t => {
  const other = await shoot({ size: '320x180' })
  const first = await service.keep(other)
  await service.finished(first.task_id)
  const second = await service.keep(film)
  await service.finished(second.task_id)
  const args = (task_id: string) => ({
    video_id: second.id,
    prints_of: { video_id: first.id, task_id, attempt: 1 }
  })

  const forged = await service.finished(await service.submit('process_video', args(first.task_id)))
  const gone = await service.finished(await service.submit('process_video', args(second.task_id)))

  for (const task of [forged, gone]) t.match(task, { state: 'SUCCESS', result: { reused: false } })
  t.match((await videoOf(second.id)).probe, { video: { width: 854 } })
})
