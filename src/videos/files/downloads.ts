import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import type { Served } from './send-file.ts'

// Milliseconds. Players and download managers ask for an original in hundreds of ranges, which are one download.
const aWhile = 600_000
const most = 10_000

/** Writes who downloads an original, before its first byte is sent: without the line there are no bytes. */
export function recordDownloads({ query }: Database) {
  const recent = new Map<string, number>()

  return async function record(by: By, video: string) {
    const { kind, id, name, address } = by.principal
    const key = JSON.stringify([kind, id, name, address, video])
    const now = performance.now()
    if (now - (recent.get(key) ?? Number.NEGATIVE_INFINITY) < aWhile) return
    const target = { type: 'video', id: video }
    await query.transaction().execute(trx => recordAct(trx, by, 'original.download', target))
    // The oldest first; a download that is forgotten gets another line.
    recent.delete(key)
    recent.set(key, now)
    if (recent.size > most) recent.delete(recent.keys().next().value!)
  }
}

export type RecordDownload = ReturnType<typeof recordDownloads>

/** A file whose bytes are read only once that is written. */
export function noting(file: Served, note: () => Promise<void>): Served {
  return {
    ...file,
    async open(range) {
      await note()
      return file.open(range)
    }
  }
}
