import type { Video } from '../../state/service/shapes.ts'
import { Icon } from '../../ui/icons.tsx'
import { clockOf } from '../../words/films/player.ts'
import { AudioChoice } from './audio.tsx'
import { CaptionChoice } from './captions.tsx'
import type { Playback } from './playback.ts'
import { SeekBar } from './seek.tsx'

interface PlayerBarProps {
  video: Video
  playback: Playback
  track: number
  captions: string
  setCaptions(language: string): void
  qualities: string[]
  quality: string
  full(): void
}

/** The controls below a film. */
export function PlayerBar({ video, playback, track, captions, setCaptions, qualities, quality, full }: PlayerBarProps) {
  const { at, toggle, seek, mute, speed, choose, listen } = playback
  return (
    <div class="player-bar">
      <button type="button" onClick={toggle}>
        <Icon name={at.paused ? 'play' : 'pause'} />
        {at.paused ? 'Play' : 'Pause'}
      </button>
      <SeekBar time={at.time} length={at.length} storyboard={video.storyboard_url} seek={seek} />
      <span class="number player-time">
        {clockOf(at.time)} / {clockOf(at.length)}
      </span>
      <button type="button" aria-label={at.muted ? 'Sound on' : 'Sound off'} onClick={mute}>
        <Icon name={at.muted ? 'mute' : 'sound'} />
      </button>
      <select aria-label="Speed" value={String(at.rate)} onChange={event => speed(Number(event.currentTarget.value))}>
        {[0.5, 1, 1.25, 1.5, 2].map(rate => (
          <option key={rate} value={String(rate)}>
            {rate}×
          </option>
        ))}
      </select>
      <AudioChoice video={video} chosen={track} choose={listen} />
      <CaptionChoice video={video} chosen={captions} choose={setCaptions} />
      <select aria-label="Quality" value={quality} onChange={event => choose(event.currentTarget.value)}>
        {qualities.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <button type="button" aria-label="Full screen" onClick={full}>
        <Icon name="full" />
      </button>
    </div>
  )
}
