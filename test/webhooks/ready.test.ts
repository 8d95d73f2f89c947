import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { addWebhook, local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'

t.test('a film that has its prints is told once, after its task', async t => {
  const service = await openService(t, { env: { ...local, PUBLIC_URL: 'https://films.example/x' }, worker: true })
  const receiver = await openReceiver(t)
  await addWebhook(service, receiver.url, { ordered: true })

  const { id, task_id } = await service.keep(await shoot())
  await service.finished(task_id)
  await receiver.got(2)

  t.match(
    receiver.received.map(({ body }) => body),
    [
      {
        type: 'task.completed',
        data: { id: task_id, video_id: id, url: `https://films.example/x/api/tasks/${task_id}` }
      },
      { type: 'video.ready', data: { id, video: 'film.mp4', task_id, url: `https://films.example/x/api/videos/${id}` } }
    ]
  )
  t.equal(receiver.received.length, 2)
})
