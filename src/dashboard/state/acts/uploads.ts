import { signal } from '@preact/signals'
import { connect, type DarkroomError } from '../../../../client/index.js'
import { request } from '../service/api.ts'
import { base } from '../service/base.ts'
import { refreshAll } from '../service/query.ts'
import type { Video } from '../service/shapes.ts'

export interface Upload {
  key: number
  name: string
  size: number
  loaded: number
  /** From the first byte to playable. */
  phase: 'waiting' | 'uploading' | 'making prints' | 'ready' | 'failed' | 'stopped'
  progress: number | null
  video: string | undefined
  said: string | undefined
  stop(): void
}

/** The tray: it stays while one walks about. */
export const uploads = signal<readonly Upload[]>([])

const client = connect(new URL(base, location.href))
// Files at a time: more would share the same line.
const most = 3
let keys = 0
const waiting: (() => Promise<void>)[] = []
let running = 0

export function uploadFiles(files: Iterable<File>) {
  for (const file of files) {
    const giveUp = new AbortController()
    const key = ++keys
    const upload: Upload = {
      key,
      name: file.name,
      size: file.size,
      loaded: 0,
      phase: 'waiting',
      progress: null,
      video: undefined,
      said: undefined,
      stop: () => giveUp.abort(new Error('stopped'))
    }
    uploads.value = [...uploads.peek(), upload]
    waiting.push(() => send(key, file, giveUp.signal))
  }
  startNext()
}

function startNext() {
  while (running < most && waiting.length > 0) {
    running++
    void waiting.shift()!().finally(() => {
      running--
      startNext()
    })
  }
}

function change(key: number, part: Partial<Upload>) {
  uploads.value = uploads.peek().map(upload => (upload.key === key ? { ...upload, ...part } : upload))
}

async function send(key: number, file: File, signal: AbortSignal) {
  try {
    if (signal.aborted) throw signal.reason
    change(key, { phase: 'uploading' })
    const { id } = await client.uploadVideo(file, { signal, onProgress: ({ loaded }) => change(key, { loaded }) })
    change(key, { phase: 'making prints', loaded: file.size, video: id })
    void refreshAll()
    void follow(key, id)
  } catch (error) {
    if (signal.aborted) change(key, { phase: 'stopped' })
    else change(key, { phase: 'failed', said: (error as DarkroomError).message })
  }
}

// Milliseconds.
const pace = 1500

async function follow(key: number, id: string) {
  for (;;) {
    const video = await request<Video>('GET', `/api/videos/${id}`).catch(() => undefined)
    if (!uploads.peek().some(upload => upload.key === key)) return
    if (video?.status === 'ready') return change(key, { phase: 'ready', progress: 1 })
    if (video?.status === 'failed') return change(key, { phase: 'failed', said: video.error?.message })
    if (video) change(key, { progress: video.progress })
    await new Promise(resolve => setTimeout(resolve, pace))
  }
}

/** Those that are over leave the tray. */
export function tidyUploads() {
  uploads.value = uploads.peek().filter(({ phase }) => phase === 'waiting' || phase === 'uploading')
}

addEventListener('beforeunload', event => {
  if (uploads.peek().some(({ phase }) => phase === 'waiting' || phase === 'uploading')) event.preventDefault()
})
