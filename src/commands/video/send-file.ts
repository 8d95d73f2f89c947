import { openAsBlob, type Stats, statSync } from 'node:fs'
import path from 'node:path'
import type { Uploaded } from '#client/bodies.ts'
import { connect } from '#client/client.ts'
import type { DarkroomError } from '#client/errors.ts'
import { quoted } from '#dashboard/words/copy.ts'
import { bytesText, percentText } from '#dashboard/words/number.ts'
import { durationText } from '#dashboard/words/time.ts'
import { remark } from '../screen/print.ts'
import { progressBar } from '../screen/progress.ts'
import type { Service } from '../service/service.ts'
import { onInterrupt } from './interrupt.ts'
import { type Resumption, resumptionOf } from './resumption.ts'

interface Film {
  file: string
  stats: Stats
  name: string
  playback?: 'public' | 'signed' | undefined
}

/** The film once its last byte is stored; undefined after Ctrl-C, which keeps what has arrived. */
export async function sendFile(service: Service, film: Film): Promise<Uploaded | undefined> {
  let resumption = resumptionOf(service.base, film)
  try {
    return await send(service, film, resumption)
  } catch (error) {
    const { status } = error as Partial<DarkroomError>
    if (status !== 404 && status !== 410) throw error
    // What the key stands for has expired, or its film was deleted.
    resumption.forget()
    resumption = resumptionOf(service.base, film)
    return send(service, film, resumption)
  }
}

async function send(service: Service, film: Film, { key, isKept, forget }: Resumption) {
  const { file, stats, name, playback } = film
  const stop = new AbortController()
  const bar = progressBar(name)
  const tell = teller(bar)
  let arrived = 0
  const interrupt = onInterrupt(() => stop.abort())
  const darkroom = connect(service.base, { fetch: fetchOf(service, film, stop) })
  try {
    const sent = darkroom.uploadVideo(await openAsBlob(file), {
      filename: name,
      playback,
      idempotency_key: key,
      signal: stop.signal,
      onProgress: ({ loaded, total }) => {
        arrived = loaded
        tell(loaded, total)
      }
    })
    const film = await service.worded(sent, 'api/uploads')
    bar.end()
    forget()
    return film
  } catch (error) {
    bar.end()
    const goesOn = isKept ? `the same command goes on from there: ${commandOf(film)}` : 'it cannot go on'
    if (stop.signal.aborted || arrived > 0) remark(`Uploaded ${percentText(arrived / stats.size)}; ${goesOn}`)
    if (interrupt.happened) return undefined
    throw stop.signal.aborted ? stop.signal.reason : error
  } finally {
    interrupt.end()
  }
}

function commandOf({ file, name, playback }: Film) {
  const named = name === path.basename(file) ? '' : ` --name ${quoted(name)}`
  const forWhom = playback === undefined ? '' : ` --playback ${playback}`
  return `darkroom video upload ${quoted(file)}${named}${forWhom}`
}

/** A file that changes would become a film of two halves. */
function fetchOf({ fetch }: Service, { file, stats }: Film, stop: AbortController): typeof fetch {
  return (input, init) => {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {}
    if (size !== stats.size || mtimeMs !== stats.mtimeMs) {
      stop.abort(new Error(`${file} changes while it is uploaded: upload it once it is complete`))
    }
    return fetch(input, init)
  }
}

function teller(bar: ReturnType<typeof progressBar>) {
  const began = performance.now()
  let first: number | undefined
  return (loaded: number, total: number) => {
    first ??= loaded
    const seconds = (performance.now() - began) / 1000
    const speed = (loaded - first) / seconds
    const left = speed > 0 && loaded < total ? `, ${durationText((total - loaded) / speed)} left` : ''
    const pace = speed > 0 ? `, ${bytesText(speed)}/s` : ''
    bar.set(loaded / total, `${bytesText(loaded)} of ${bytesText(total)}${pace}${left}`)
  }
}
