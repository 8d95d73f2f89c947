import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { hardwareFfmpeg } from '../harness/hardware-ffmpeg.ts'
import { openService, type Service } from '../harness/service.ts'

const content = await shoot({ size: '160x90', seconds: 2 })
const service = await openService(t)

/** What a worker with this card says of itself, and the log of a film that it has made. */
async function filmOf(service: Service, env: Record<string, string>) {
  const worker = await service.startWorker(env)
  const { items } = (await service.get('/api/workers')).json()
  const { hardware } = items.find(({ id }: { id: string }) => id === worker.id).media_sandbox
  const { task_id } = await service.keep(content)
  const task = await service.finished(task_id)
  const { items: findings } = (await service.get('/api/doctor')).json()
  const unused = findings.filter(({ code }: { code: string }) => code === 'hardware_unused')
  const log = (await service.get(`/api/tasks/${task_id}/log`)).body
  await worker.stop(0)
  return { id: worker.id, hardware, task, log, unused }
}

const made = { state: 'SUCCESS', attempts: 1, result: { hls: true, renditions: [{ name: '90p', frames: 20 }] } }

t.test('films are encoded by an encoder in hardware that works, and the worker says which', async t => {
  const FFMPEG_PATH = await hardwareFfmpeg(t, { works: ['h264_nvenc'] })
  const { hardware, task, log, unused } = await filmOf(service, { FFMPEG_PATH, HARDWARE: 'auto' })

  t.strictSame(hardware, { encoders: ['h264_nvenc'], failures: [] })
  t.match(task, made)
  t.match(log, /encoded by h264_nvenc/)
  t.notMatch(log, /in software/)
  t.strictSame(unused, [])
})

t.test('an encoder that ffmpeg lists and that fails is not used, and the doctor says so', async t => {
  const FFMPEG_PATH = await hardwareFfmpeg(t, { works: [] })
  const { id, hardware, task, log, unused } = await filmOf(service, { FFMPEG_PATH, HARDWARE: 'nvenc' })

  t.strictSame(hardware, { encoders: [], failures: ['h264_nvenc: Cannot load libcuda.so.1 for h264_nvenc'] })
  t.match(task, made)
  t.notMatch(log, /nvenc/)
  const why = 'h264_nvenc: Cannot load libcuda.so.1 for h264_nvenc'
  t.match(unused, [{ severity: 'notice', what: `no encoder in hardware works: ${why}`, fix: /unset HARDWARE$/ }])
  t.strictSame(unused[0].evidence, { worker: id, failures: [why] })
})

t.test('a film whose encode in hardware dies halfway is made in software, in the same attempt', async t => {
  const FFMPEG_PATH = await hardwareFfmpeg(t, { works: ['h264_nvenc'], diesAfter: 8 })
  const { task, log } = await filmOf(service, { FFMPEG_PATH, HARDWARE: 'nvenc' })

  t.match(task, made)
  t.match(log, /h264_nvenc failed, so the film is encoded in software: ffmpeg ended with code 1/)
})

t.test('without HARDWARE nothing is tried and nothing said', async t => {
  const FFMPEG_PATH = await hardwareFfmpeg(t, { works: ['h264_nvenc'] })
  const { hardware, task, log } = await filmOf(service, { FFMPEG_PATH })

  t.equal(hardware, undefined)
  t.match(task, made)
  t.notMatch(log, /nvenc/)
})
