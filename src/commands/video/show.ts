import type { VideoBody } from '#client/bodies.ts'
import { bitrateText, bytesText, percentText } from '#dashboard/words/number.ts'
import { type Fact, facts } from '../screen/facts.ts'
import { show, terminalWidth } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { when } from '../screen/times.ts'
import { videoId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

type Print = VideoBody['renditions'][number]

export async function showVideo(service: Service, word: string, { json }: { json?: boolean }) {
  const video = await service.get<VideoBody>(`api/videos/${await videoId(service, word)}`)
  show(video, { json, text: () => describeVideo(video, service.base) })
}

export function describeVideo(video: VideoBody, base: URL): string {
  const { error, renditions, progress } = video
  const address = (url: string | null) => url && new URL(url.replace(/^\//, ''), base).href
  const known = facts([
    ['id', video.id],
    ['file', video.filename],
    ['status', video.status],
    ['error', error && `${error.type}: ${error.message}`],
    ['progress', progress !== null && progress < 1 ? percentText(progress) : undefined],
    ['size', bytesText(video.bytes)],
    ['uploaded', when(video.created_at)],
    ['ready', when(video.ready_at)],
    ['playback', video.playback],
    ['task', video.task_id],
    ['stream', address(video.hls_url)],
    ['poster', address(video.poster_url)],
    ...renditions
      .filter(({ status, url }) => status === 'ready' && url !== null)
      .map(({ name, url }): Fact => [name, address(url)]),
    ['audio', video.audio_tracks.length > 1 ? video.audio_tracks.map(({ name }) => name) : undefined],
    ['subtitles', video.subtitles.map(({ language }) => language)]
  ])
  if (renditions.length === 0) return known
  const columns: Column<Print>[] = [
    { head: 'PRINT', cell: ({ name }) => name },
    { head: 'STATUS', cell: ({ status }) => status, isStatus: true },
    { head: 'PICTURE', cell: ({ width, height }) => width && `${width}x${height}`, extra: 2 },
    { head: 'SIZE', cell: ({ bytes }) => bytes !== null && bytesText(bytes), extra: 3, isNumber: true },
    { head: 'BITRATE', cell: ({ bitrate }) => bitrate !== null && bitrateText(bitrate), extra: 4, isNumber: true },
    { head: 'REASON', cell: ({ reason }) => reason, extra: 1, isLong: true }
  ]
  return `${known}\n\n${table(columns, renditions, terminalWidth())}`
}
