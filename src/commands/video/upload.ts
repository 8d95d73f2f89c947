import { type Stats, statSync } from 'node:fs'
import path from 'node:path'
import type { VideoBody } from '#client/bodies.ts'
import { print, printJson, remark } from '../screen/print.ts'
import { harmless } from '../screen/text.ts'
import type { Service } from '../service/service.ts'
import { followPrints } from './follow-prints.ts'
import { sendFile } from './send-file.ts'
import { describeVideo } from './show.ts'

interface Given {
  json?: boolean
  name?: string
  playback?: 'public' | 'signed'
  detach?: boolean
}

/** Uploads, then waits for the prints. The exit code is 1 where the film failed. */
export async function uploadVideo(service: Service, file: string, { json, name, playback, detach }: Given) {
  const stats = statsOf(file)
  // What refuses at all refuses before the first byte.
  await service.get('api/about')
  const film = await sendFile(service, { file, stats, playback, name: name ?? path.basename(file) })
  if (film === undefined) return 130
  if (detach) {
    if (json) printJson(film)
    else print(film.id)
    return 0
  }
  if (!(await followPrints(service, film))) return 130
  const video = await service.patient<VideoBody>('GET', `api/videos/${film.id}`)
  if (json) printJson(video)
  else print(describeVideo(video, service.base))
  if (video.error) remark(harmless(`The film failed: ${video.error.message}`))
  return video.status === 'ready' ? 0 : 1
}

function statsOf(file: string): Stats {
  try {
    const stats = statSync(file)
    if (stats.isFile()) return stats
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`${file} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : code}`)
  }
  throw new Error(`${file} is not a file`)
}
