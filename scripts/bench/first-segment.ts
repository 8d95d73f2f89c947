import { createReadStream } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { findMediaTools } from '../../src/media/binaries.ts'
import { startService } from './service.ts'

/**
 * From the end of an upload to the first segment that can be played, for 1080p films of any length: seconds, of which
 * a client sees each as `hls_url`, fetches what it names, and has the first segment of the smallest rung. The task is
 * then cancelled: nothing here depends on the rest.
 *
 *   node scripts/bench/first-segment.ts [seconds,seconds,…] [rounds]
 */
const lengths = (process.argv[2] ?? '10,600,3600').split(',').map(Number)
const rounds = Number(process.argv[3] ?? 3)
const tools = await findMediaTools()
const service = await startService()

for (const seconds of lengths) {
  const film = await makeFilm(seconds)
  const waits: string[] = []
  for (let round = 0; round < rounds; round++) waits.push((await firstSegment(film)).toFixed(2))
  console.log(`${seconds} s of 1080p: first segment ${waits.join(', ')} s after the upload`)
}
await service.stop()

async function firstSegment(film: string) {
  const created = await fetch(`${service.address}/api/videos`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=bench' },
    body: multipart(film) as unknown as ReadableStream,
    duplex: 'half'
  } as RequestInit)
  const uploaded = performance.now()
  const { id, task_id } = (await created.json()) as Record<string, string>
  const files = `${service.address}/api/videos/${id}/files/hls`
  for (;;) {
    const { hls_url, error } = (await (await fetch(`${service.address}/api/videos/${id}`)).json()) as any
    if (error) throw new Error(JSON.stringify(error))
    if (hls_url) break
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const master = await (await fetch(`${files}/master.m3u8`)).text()
  const rung = /^(\w+)\/index\.m3u8$/m.exec(master)![1]!
  const playlist = await (await fetch(`${files}/${rung}/index.m3u8`)).text()
  const segment = await fetch(`${files}/${rung}/${/^\S+\.m4s$/m.exec(playlist)![0]}`)
  if (!segment.ok || (await segment.arrayBuffer()).byteLength === 0) throw new Error('the segment is not served')
  const waited = (performance.now() - uploaded) / 1000
  await fetch(`${service.address}/api/videos/${id}`, { method: 'DELETE' })
  await fetch(`${service.address}/api/tasks/${task_id}?wait=10`)
  return waited
}

async function* multipart(film: string) {
  yield Buffer.from('--bench\r\ncontent-disposition: form-data; name="video"; filename="film.mp4"\r\n\r\n')
  yield* createReadStream(film)
  yield Buffer.from('\r\n--bench--\r\n')
}

/** Ten seconds of a moving picture with noise, again and again: an encoder's work does not depend on what was before. */
async function makeFilm(seconds: number) {
  const clip = path.join(service.dataDir, 'clip.mp4')
  const file = path.join(service.dataDir, `film-${seconds}.mp4`)
  const picture = 'testsrc2=size=1920x1080:rate=30:duration=10,noise=alls=12:allf=t'
  const sound = 'sine=frequency=440:sample_rate=48000:duration=10'
  const encoding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '28', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  await execa(tools.ffmpeg, ['-y', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, ...encoding, clip])
  const loops = String(Math.max(0, Math.ceil(seconds / 10) - 1))
  await execa(tools.ffmpeg, ['-y', '-stream_loop', loops, '-i', clip, '-c', 'copy', '-t', String(seconds), file])
  return file
}
