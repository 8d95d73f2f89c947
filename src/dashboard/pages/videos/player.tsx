import { useRef, useState } from 'preact/hooks'
import { query } from '../../state/browser/route.ts'
import { addressOf } from '../../state/service/base.ts'
import type { Rendition, Video } from '../../state/service/shapes.ts'
import { wantedTrack } from './audio.tsx'
import { CaptionTracks, useCaptions } from './captions.tsx'
import { keysOf, type Playback, usePlayback, useStream } from './playback.ts'
import { PlayerBar } from './player-bar.tsx'

/** The quality of a stream, which changes with the connection. */
const auto = 'Auto'

/** What a browser is asked about a codec. All of them play H.264. */
const further: Record<string, string> = {
  hevc: 'video/mp4; codecs="hvc1.1.6.L93.90"',
  vp9: 'video/mp4; codecs="vp09.00.31.08"',
  av1: 'video/mp4; codecs="av01.0.05M.08"'
}

const typeOf = ({ codec }: Rendition) => further[codec ?? '']

export function playable(video: Video): Rendition[] {
  return video.renditions.filter(print => {
    const type = typeOf(print)
    const plays = type === undefined || document.createElement('video').canPlayType(type) !== ''
    return print.status === 'ready' && print.url !== null && plays
  })
}

export const isPlayable = (video: Video) => playable(video).length > 0 || video.hls_url !== null

/**
 * The qualities are the prints: what is played is what is downloaded. Time and speed stay when one changes. Before
 * there are prints, by choice, and for an audio track that is not the default one, the stream is played.
 */
export function Player({ video }: { video: Video }) {
  const prints = playable(video)
  const names = [...(video.hls_url ? [auto] : []), ...prints.toReversed().map(({ name }) => name)]
  // A film whose prints become ready goes on as it is played.
  const [first] = useState(prints.findLast(print => typeOf(print) === undefined)?.name ?? auto)
  const wanted = [query.value.get('quality'), first, names[0]].find(name => name && names.includes(name))!
  const print = prints.find(({ name }) => name === wanted)
  const track = wantedTrack(video)
  const stream = track > 0 ? video.hls_tracks_url : print ? null : video.hls_url

  const around = useRef<HTMLDivElement>(null)
  const playback = usePlayback(`${wanted} ${track}`)
  const { element } = playback
  useStream(element, stream, { track, name: video.audio_tracks[track]?.name ?? '', height: print?.height ?? null })
  const [captions, setCaptions] = useState('')
  useCaptions(element, captions)
  const full = () => fill(around.current!)

  return (
    <div
      ref={around}
      class="player"
      role="group"
      aria-label={`Player of ${video.filename}`}
      onKeyDown={keysOf(playback, full)}
    >
      <Screen
        // An element of its own: the library removes the source of its element when it ends.
        key={stream ? 'stream' : 'file'}
        video={video}
        print={stream ? undefined : print}
        playback={playback}
      />
      <PlayerBar
        video={video}
        playback={playback}
        track={track}
        captions={captions}
        setCaptions={setCaptions}
        qualities={names}
        quality={wanted}
        full={full}
      />
    </div>
  )
}

interface ScreenProps {
  video: Video
  /** What is played; undefined: the stream. */
  print: Rendition | undefined
  playback: Playback
}

/** As large as the largest print, whatever is played. */
function Screen({ video, print, playback: { element, look, toggle } }: ScreenProps) {
  const { width, height } = playable(video).at(-1) ?? {}
  return (
    // biome-ignore lint/a11y/useMediaCaption: films with subtitles have tracks
    <video
      ref={element}
      src={print ? addressOf(print.url!) : undefined}
      poster={video.poster_url ? addressOf(video.poster_url) : undefined}
      width={width ?? undefined}
      height={height ?? undefined}
      preload="metadata"
      playsInline
      tabIndex={-1}
      onClick={toggle}
      onTimeUpdate={look}
      onLoadedMetadata={look}
      onDurationChange={look}
      onPlay={look}
      onPause={look}
      onVolumeChange={look}
      onRateChange={look}
    >
      <CaptionTracks video={video} />
    </video>
  )
}

function fill(element: HTMLElement) {
  if (document.fullscreenElement) void document.exitFullscreen()
  else void element.requestFullscreen?.().catch(() => {})
}
