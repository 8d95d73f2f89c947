import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { go, query, withQuery } from '../../state/browser/route.ts'
import { addressOf } from '../../state/service/base.ts'
import { playStream, type Wanted } from './stream.ts'

/** Seconds of a frame, about: for single steps. */
const frame = 1 / 25

/** What the element does, for the controls. */
export interface Playing {
  time: number
  length: number
  paused: boolean
  muted: boolean
  rate: number
}

export interface Playback {
  element: RefObject<HTMLVideoElement | null>
  at: Playing
  /** Reads what the element does. */
  look(): void
  toggle(): void
  seek(time: number): void
  mute(): void
  speed(rate: number): void
  /** Takes another quality; time, speed and sound stay. */
  choose(name: string): void
  /** The same with an audio track. */
  listen(track: number): void
}

/** The controls of an element that plays one source after another. */
export function usePlayback(wanted: string): Playback {
  const element = useRef<HTMLVideoElement>(null)
  const [at, setAt] = useState<Playing>({ time: 0, length: 0, paused: true, muted: false, rate: 1 })
  const kept = useRef<Omit<Playing, 'length'> | undefined>(undefined)
  const film = () => element.current!

  // A new source begins at its start.
  useEffect(() => {
    const before = kept.current ?? { ...at, time: Number(query.peek().get('t')) || 0, paused: true }
    const go = () => {
      film().currentTime = before.time
      setRate(film(), before.rate)
      film().muted = before.muted
      if (!before.paused) play(film())
    }
    film().addEventListener('loadedmetadata', go, { once: true })
    return () => element.current?.removeEventListener('loadedmetadata', go)
  }, [wanted])

  return {
    element,
    at,
    look: () => setAt(playing(film())),
    toggle: () => (film().paused ? play(film()) : film().pause()),
    seek: time => {
      film().currentTime = Math.max(0, Math.min(film().duration || 0, time))
    },
    mute: () => {
      film().muted = !film().muted
    },
    speed: rate => setRate(film(), rate),
    choose: name => {
      kept.current = playing(film())
      go(withQuery({ quality: name }), { replace: true })
    },
    listen: track => {
      kept.current = playing(film())
      go(withQuery({ audio: track > 0 ? String(track) : undefined }), { replace: true })
    }
  }
}

/** Plays a stream instead of a file, as long as there is one. */
export function useStream(element: RefObject<HTMLVideoElement | null>, stream: string | null, wanted: Wanted) {
  useEffect(
    () => (stream ? playStream(element.current!, addressOf(stream), wanted) : undefined),
    [stream, wanted.track, wanted.height]
  )
}

/** The keys of a player, as other players have them. */
export function keysOf({ element, toggle, seek, mute }: Playback, full: () => void) {
  return (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey || (event.target as Element).tagName === 'SELECT') return
    const { currentTime, duration } = element.current!
    const acts: Record<string, () => void> = {
      k: toggle,
      j: () => seek(currentTime - 10),
      l: () => seek(currentTime + 10),
      m: mute,
      f: full,
      ',': () => seek(currentTime - frame),
      '.': () => seek(currentTime + frame)
    }
    const digit = /^[0-9]$/.test(event.key) ? () => seek((duration * Number(event.key)) / 10) : undefined
    const act = acts[event.key] ?? digit
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }
}

/** Also the default: an element takes that whenever it loads, and one that changes to a stream may load twice. */
function setRate(film: HTMLVideoElement, rate: number) {
  film.defaultPlaybackRate = rate
  film.playbackRate = rate
}

function playing({ currentTime, duration, paused, muted, playbackRate }: HTMLVideoElement): Playing {
  return { time: currentTime, length: Number.isFinite(duration) ? duration : 0, paused, muted, rate: playbackRate }
}

function play(film: HTMLVideoElement) {
  // A browser may refuse to play before the page was used.
  film.play().catch(() => {})
}
