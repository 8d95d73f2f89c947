import { useEffect, useRef, useState } from 'preact/hooks'
import { addressOf } from '../../state/base.ts'
import { go, query, withQuery } from '../../state/route.ts'
import type { Rendition, Video } from '../../state/shapes.ts'
import { Icon } from '../../ui/icons.tsx'
import { clockOf } from '../../words/player.ts'
import { CaptionChoice, CaptionTracks, useCaptions } from './captions.tsx'
import { SeekBar } from './seek.tsx'
import { playStream } from './stream.ts'

/** The quality of a stream, which changes with the connection. */
const auto = 'Auto'

export function playable(video: Video): Rendition[] {
  return video.renditions.filter(({ status, url }) => status === 'ready' && url !== null)
}

export const isPlayable = (video: Video) => playable(video).length > 0 || video.hls_url !== null

/**
 * The qualities are the prints: what is played is what is downloaded. Time and speed stay when one changes. Before
 * there are prints, and by choice, the stream is played.
 */
export function Player({ video }: { video: Video }) {
  const prints = playable(video)
  const names = [...(video.hls_url ? [auto] : []), ...prints.toReversed().map(({ name }) => name)]
  // A film whose prints become ready goes on as it is played.
  const [first] = useState(prints.at(-1)?.name ?? auto)
  const wanted = [query.value.get('quality'), first, names[0]].find(name => name && names.includes(name))!
  const print = prints.find(({ name }) => name === wanted)
  const stream = print ? null : video.hls_url
  const element = useRef<HTMLVideoElement>(null)
  const around = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState({ time: 0, length: 0, paused: true, muted: false, rate: 1 })
  const keep = useRef<{ time: number; rate: number; playing: boolean; muted: boolean } | undefined>(undefined)

  const [captions, setCaptions] = useState('')
  useCaptions(element, captions)
  const { width, height } = prints.at(-1) ?? {}

  const film = () => element.current!
  function look() {
    const { currentTime, duration, paused, muted, playbackRate } = film()
    setAt({ time: currentTime, length: Number.isFinite(duration) ? duration : 0, paused, muted, rate: playbackRate })
  }
  function choose(name: string) {
    const { currentTime, playbackRate, paused, muted } = film()
    keep.current = { time: currentTime, rate: playbackRate, playing: !paused, muted }
    go(withQuery({ quality: name }), { replace: true })
  }
  // A new source begins at its start.
  useEffect(() => {
    const { time, rate, playing, muted } = keep.current ?? {
      time: Number(query.peek().get('t')) || 0,
      rate: 1,
      playing: false,
      muted: false
    }
    const go = () => {
      film().currentTime = time
      film().playbackRate = rate
      film().muted = muted
      if (playing)
        void film()
          .play()
          .catch(() => {})
    }
    film().addEventListener('loadedmetadata', go, { once: true })
    return () => element.current?.removeEventListener('loadedmetadata', go)
  }, [wanted])
  useEffect(() => (stream ? playStream(film(), addressOf(stream)) : undefined), [stream])

  const toggle = () =>
    film().paused
      ? void film()
          .play()
          .catch(() => {})
      : film().pause()
  const seek = (time: number) => {
    film().currentTime = Math.max(0, Math.min(film().duration || 0, time))
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.metaKey || event.ctrlKey || event.altKey || (event.target as Element).tagName === 'SELECT') return
    const { currentTime, duration } = film()
    const acts: Record<string, () => void> = {
      k: toggle,
      j: () => seek(currentTime - 10),
      l: () => seek(currentTime + 10),
      m: () => {
        film().muted = !film().muted
      },
      f: () => full(around.current!),
      ',': () => seek(currentTime - 1 / 25),
      '.': () => seek(currentTime + 1 / 25)
    }
    const digit = /^[0-9]$/.test(event.key) ? () => seek((duration * Number(event.key)) / 10) : undefined
    const act = acts[event.key] ?? digit
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  return (
    <div ref={around} class="player" role="group" aria-label={`Player of ${video.filename}`} onKeyDown={onKeyDown}>
      {/* biome-ignore lint/a11y/useMediaCaption: films with subtitles have tracks */}
      <video
        // An element of its own: the library removes the source of its element when it ends.
        key={stream ? 'stream' : 'file'}
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
      <div class="player-bar">
        <button type="button" onClick={toggle}>
          <Icon name={at.paused ? 'play' : 'pause'} />
          {at.paused ? 'Play' : 'Pause'}
        </button>
        <SeekBar time={at.time} length={at.length} storyboard={video.storyboard_url} seek={seek} />
        <span class="number player-time">
          {clockOf(at.time)} / {clockOf(at.length)}
        </span>
        <button
          type="button"
          aria-label={at.muted ? 'Sound on' : 'Sound off'}
          onClick={() => {
            film().muted = !film().muted
          }}
        >
          <Icon name={at.muted ? 'mute' : 'sound'} />
        </button>
        <select
          aria-label="Speed"
          value={String(at.rate)}
          onChange={event => {
            film().playbackRate = Number(event.currentTarget.value)
          }}
        >
          {[0.5, 1, 1.25, 1.5, 2].map(rate => (
            <option key={rate} value={String(rate)}>
              {rate}×
            </option>
          ))}
        </select>
        <CaptionChoice video={video} chosen={captions} choose={setCaptions} />
        <select aria-label="Quality" value={wanted} onChange={event => choose(event.currentTarget.value)}>
          {names.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <button type="button" aria-label="Full screen" onClick={() => full(around.current!)}>
          <Icon name="full" />
        </button>
      </div>
    </div>
  )
}

function full(element: HTMLElement) {
  if (document.fullscreenElement) void document.exitFullscreen()
  else void element.requestFullscreen?.().catch(() => {})
}
