import { query } from '../../state/browser/route.ts'
import type { Video } from '../../state/service/shapes.ts'

/** The audio track that the address asks for: a place in the list of the film. */
export function wantedTrack({ audio_tracks: tracks, hls_tracks_url: stream }: Video): number {
  const wanted = Number(query.value.get('audio') ?? 0)
  return stream !== null && tracks[wanted] ? wanted : 0
}

interface Choice {
  video: Video
  chosen: number
  choose(track: number): void
}

export function AudioChoice({ video, chosen, choose }: Choice) {
  // The others are in the stream alone: few browsers let a page choose a track of a file.
  if (video.audio_tracks.length < 2 || video.hls_tracks_url === null) return null
  return (
    <select aria-label="Audio" value={String(chosen)} onChange={event => choose(Number(event.currentTarget.value))}>
      {video.audio_tracks.map(({ name }, at) => (
        <option key={name} value={String(at)}>
          {name}
        </option>
      ))}
    </select>
  )
}
