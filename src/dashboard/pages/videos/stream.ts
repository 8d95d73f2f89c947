import type Hls from 'hls.js'

/**
 * Plays a stream in an element, and returns how to end that. The library is a chunk of its own, which a browser loads
 * when a stream is played and not before. The light one has no sound groups; each of our rungs has its own sound.
 */
export function playStream(element: HTMLVideoElement, url: string): () => void {
  let hls: Hls | undefined
  let isOver = false

  async function begin() {
    const { default: Hls } = await import('hls.js/light')
    if (isOver) return
    if (!Hls.isSupported()) {
      // An iPhone has no media source, and plays streams by itself.
      element.src = url
      return
    }
    // A worker's script would break the page's policy. A film that is still being made begins at its beginning, not
    // where the worker is.
    const player = new Hls({ enableWorker: false, startPosition: 0 })
    hls = player
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
