import { openAsBlob } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { findMediaTools } from '../../src/media/binaries.ts'
import type { Service } from './service.ts'

interface Film {
  seconds: number
  size?: string
  fps?: number
  /** Of many, more than any print gets; of few, so few that the largest print can be copied. */
  bits: 'many' | 'few'
}

/** Ten seconds of a moving picture with noise, again and again: as much work as a real film, and made in an instant. */
export async function makeFilm(service: Service, { seconds, size = '1920x1080', fps = 30, bits }: Film) {
  const { ffmpeg } = await findMediaTools()
  const [clip, film] = ['clip', 'film'].map(name => path.join(service.dataDir, `${name}-${seconds}-${bits}.mp4`)) as [
    string,
    string
  ]
  const length = Math.min(10, seconds)
  const noise = bits === 'many' ? 12 : 2
  const picture = `testsrc2=size=${size}:rate=${fps}:duration=${length},noise=alls=${noise}:allf=t`
  const sound = `sine=frequency=440:sample_rate=48000:duration=${length}`
  const rate = bits === 'many' ? ['-crf', '26'] : ['-b:v', '3M', '-maxrate', '4M', '-bufsize', '8M']
  await execa(ffmpeg, [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...rate],
    ...['-g', String(2 * fps), '-sc_threshold', '0', '-c:a', 'aac', '-ac', '2', clip]
  ])
  const loops = String(Math.ceil(seconds / length) - 1)
  await execa(ffmpeg, [
    '-v',
    'error',
    '-y',
    '-stream_loop',
    loops,
    '-i',
    clip,
    '-c',
    'copy',
    '-t',
    String(seconds),
    film
  ])
  return film
}

export async function upload({ address }: Service, film: string) {
  const form = new FormData()
  form.set('video', await openAsBlob(film), 'film.mp4')
  const answer = await fetch(`${address}/api/videos`, { method: 'POST', body: form })
  return (await answer.json()) as { id: string; task_id: string }
}

/** The task, when it has ended well. */
export async function finished({ address }: Service, id: string) {
  for (;;) {
    const answer = await fetch(`${address}/api/tasks/${id}?wait=60`)
    const task = (await answer.json()) as Record<string, string>
    if (!task.finished_at) continue
    if (task.state !== 'SUCCESS') throw new Error(JSON.stringify(task.error))
    return task
  }
}

/** Makes the prints again, in parts or in one run, and answers how many seconds passed from the request to the end. */
export async function processAgain(service: Service, video_id: string, parts: boolean) {
  const { id } = (await send(service, 'POST', '/api/tasks', { task: 'process_video', args: { video_id, parts } })) as {
    id: string
  }
  const task = await finished(service, id)
  return (Date.parse(task.finished_at!) - Date.parse(task.created_at!)) / 1000
}

export async function send({ address }: Service, method: string, url: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(address + url, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  })
  if (!answer.ok) throw new Error(`${method} ${url}: ${await answer.text()}`)
  return answer.json()
}
