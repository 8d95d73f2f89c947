import path from 'node:path'
import { mediaPlaylist } from '#media/hls/playlist.ts'
import type { Store, Stored } from '#storage/store.ts'
import { hlsIn, masterName, segmentIn } from './hls-keys.ts'

/** A playlist of a stream that is being made: a text that will be another one soon. */
export interface Growing {
  text: string
  changed: Date
}

/** Writes a playlist from what is in the store, where only finished segments are. Undefined before the first one. */
export function growingPlaylist(store: Store, folder: string, name: string): Promise<Growing | undefined> {
  return name === masterName ? newestMaster(store, folder) : playlistOf(store, folder, path.dirname(name))
}

async function newestMaster(store: Store, folder: string) {
  const masters = await Array.fromAsync(store.list(`${hlsIn(folder)}/growing`))
  const rungs = ({ key }: Stored) => Number.parseInt(path.basename(key), 10)
  const newest = masters.toSorted((one, other) => rungs(one) - rungs(other)).at(-1)
  if (!newest) return undefined
  const text = await Array.fromAsync(await store.open(newest.key))
  return { text: Buffer.concat(text).toString(), changed: newest.changed }
}

async function playlistOf(store: Store, folder: string, rung: string) {
  const files = await Array.fromAsync(store.list(`${hlsIn(folder)}/${rung}`))
  const init = files.map(({ key }) => path.basename(key)).find(name => name.endsWith('-init.mp4'))
  const segments = files
    .flatMap(({ key }) => segmentIn(path.basename(key)) ?? [])
    .toSorted((one, other) => one.number - other.number)
  if (!init || segments.length === 0) return undefined
  const changed = new Date(Math.max(...files.map(({ changed }) => changed.getTime())))
  return { text: mediaPlaylist(init, segments, { complete: false }), changed }
}
