import type Hls from 'hls.js'

/** What of a stream is played. */
export interface Wanted {
  /** Place of the audio track among those of the film; the first is in the rungs of the usual stream. */
  track: number
  /** Name of that track. */
  name: string
  /** Height of the rung; null: as the connection allows. */
  height: number | null
}

/**
 * Plays a stream in an element, and returns how to end that. The library is a chunk of its own, which a browser loads
 * when a stream is played and not before. The light one plays no audio tracks but the one that each rung carries.
 */
export function playStream(element: HTMLVideoElement, url: string, { track, name, height }: Wanted): () => void {
  let hls: Hls | undefined
  let isOver = false

  async function begin() {
    const { default: Hls } = track > 0 ? await import('hls.js') : await import('hls.js/light')
    if (isOver) return
    if (!Hls.isSupported()) {
      // An iPhone has no media source, and plays streams by itself.
      if (track > 0) element.addEventListener('loadedmetadata', () => takeTrack(element, track), { once: true })
      element.src = url
      return
    }
    // A worker's script would break the page's policy. A film that is still being made begins at its beginning, not
    // where the worker is.
    const player = new Hls({
      enableWorker: false,
      startPosition: 0,
      ...(track > 0 && { audioPreference: { name } })
    })
    hls = player
    player.on(Hls.Events.MANIFEST_PARSED, (_, { levels }) => {
      const level = levels.findIndex(each => each.height === height)
      if (level >= 0) player.loadLevel = level
    })
    player.on(Hls.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return
      if (type === Hls.ErrorTypes.NETWORK_ERROR) player.startLoad()
      else if (type === Hls.ErrorTypes.MEDIA_ERROR) player.recoverMediaError()
    })
    player.loadSource(url)
    player.attachMedia(element)
  }

  void begin()
  return () => {
    isOver = true
    hls?.destroy()
  }
}

/** Only Safari has this list. */
function takeTrack(element: HTMLVideoElement & { audioTracks?: ArrayLike<{ enabled: boolean }> }, wanted: number) {
  for (const [at, each] of Array.from(element.audioTracks ?? []).entries()) each.enabled = at === wanted
}
