import path from 'node:path'
import { mediaPlaylist } from '#media/hls/playlist.ts'
import type { Store, Stored } from '#storage/store.ts'
import { hlsIn, masterName, rungsOfMaster, segmentIn } from '../hls-keys.ts'

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
  const rungs = ({ key }: Stored) => rungsOfMaster(path.basename(key))
  const newest = masters.toSorted((one, other) => rungs(one) - rungs(other)).at(-1)
  if (!newest) return undefined
  return { text: await textOf(store, newest.key), changed: newest.changed }
}

async function textOf(store: Store, key: string) {
  return Buffer.concat(await Array.fromAsync(await store.open(key))).toString()
}

async function playlistOf(store: Store, folder: string, rung: string) {
  const files = await Array.fromAsync(store.list(`${hlsIn(folder)}/${rung}`))
  // Of a part that is made again, there are segments of two attempts.
  files.sort((one, other) => one.changed.getTime() - other.changed.getTime())
  // Of a film that gets prints of further codecs, the streams of the first one are complete before the others.
  const written = files.find(({ key }) => key.endsWith('/index.m3u8'))
  if (written) return { text: await textOf(store, written.key), changed: written.changed }
  const names = files.map(({ key }) => path.basename(key))
  const init = names.findLast(name => name.endsWith('-init.mp4'))
  const byNumber = new Map(names.flatMap(name => segmentIn(name) ?? []).map(segment => [segment.number, segment]))
  // Parts are made side by side: a playlist ends where a segment is missing.
  const segments = takeWhile(at => byNumber.get(at))
  if (!init || segments.length === 0) return undefined
  const changed = new Date(Math.max(...files.map(({ changed }) => changed.getTime())))
  return { text: mediaPlaylist(init, segments, { complete: false }), changed }
}

function takeWhile<Item>(get: (at: number) => Item | undefined) {
  const items: Item[] = []
  for (let item = get(0); item !== undefined; item = get(items.length)) items.push(item)
  return items
}
