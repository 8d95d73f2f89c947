import { readFile } from 'node:fs/promises'
import t from 'tap'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { openService, type Service } from '../harness/service.ts'

async function processed(service: Service, content: Buffer, filename?: string) {
  const { id, task_id } = await service.keep(content, filename)
  const task = await service.finished(task_id)
  return { task, video: (await service.get(`/api/videos/${id}`)).json() }
}

t.test('a file that is no film fails, once, with a reason that its owner can understand', async t => {
  const service = await openService(t, { worker: true })

  const { task, video } = await processed(service, Buffer.from('Dear diary, this is no film at all.\n'.repeat(50)))

  t.match(task, { state: 'FAILURE', status: 'FAILED', attempts: 1, result: null })
  t.match(task.error, { type: 'not_media', message: /video/ })
  t.match(video, { status: 'failed', processed: false, error: task.error, ready_at: null, resolution_480p: null })
  t.ok(video.renditions.every(({ status }: any) => status === 'failed'))
  t.notMatch(JSON.stringify(video), service.dataDir, 'no path of ours is given away')
  t.strictSame(await service.files(), [`videos/${video.id}/original`])
  t.match((await service.get(`/api/videos/${video.id}/status`)).json(), { status: 'failed', processed: false })
})

t.test('a failed film keeps its reason when its task is forgotten', async t => {
  const service = await openService(t, { worker: true })
  const { task, video } = await processed(service, Buffer.from('no film'))

  const forgotten = await service.delete(`/api/tasks/${task.id}`)

  t.equal(forgotten.statusCode, 204)
  t.match((await service.get(`/api/videos/${video.id}`)).json(), { status: 'failed', error: task.error })
})

t.test('broken, encrypted and incomplete films fail with a reason', { skip: skipWithoutMedia }, async t => {
  const service = await openService(t, { worker: true })

  for (const name of ['broken-no-moov.mp4', 'WrongFile.mp4', 'truncated-10k.mp4', 'encrypted-cenc.mp4']) {
    const { task, video } = await processed(service, await readFile(film(name)), name)

    t.match(video, { status: 'failed', error: { type: /^[a-z_]+$/, message: /^[A-Z].*\.$/ } }, name)
    t.match(task, { state: 'FAILURE', attempts: 1 }, name)
  }
})
