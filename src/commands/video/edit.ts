import type { VideoBody } from '#client/bodies.ts'
import { WrongUse } from '../failures.ts'
import { show } from '../screen/print.ts'
import { videoId } from '../service/find.ts'
import type { Service } from '../service/service.ts'
import { describeVideo } from './show.ts'

/** For whom a film is. */
export async function editVideo(
  service: Service,
  word: string,
  { json, playback }: { json?: boolean; playback?: string }
) {
  if (playback === undefined) throw new WrongUse('Nothing to change: give --playback')
  const body = { playback: playback === 'default' ? null : playback }
  const video = await service.request<VideoBody>('PATCH', `api/videos/${await videoId(service, word)}`, { body })
  show(video, { json, text: () => describeVideo(video, service.base) })
}
