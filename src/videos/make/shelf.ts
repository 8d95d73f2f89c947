import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { linkFile } from '#storage/files.ts'
import type { Store } from '#storage/store.ts'
import { hlsIn } from '../hls-keys.ts'

export interface OpenShelf {
  store: Store
  /** The prefix of the attempt's keys. */
  folder: string
  /** Where the attempt works. */
  workspace: string
}

/** The place of an attempt's streams in the store, which overwrites nothing. */
export function openShelf({ store, folder, workspace }: OpenShelf) {
  const hls = hlsIn(folder)
  let names: string[] = []

  return {
    async put(name: string, file: string) {
      // The workspace keeps its own name of the file, for the checks at the end.
      const second = `${file}.served`
      await linkFile(file, second)
      await store.put(`${hls}/${name}`, second)
      names.push(name)
    },

    async putText(name: string, text: string) {
      const file = path.join(workspace, 'hls', 'playlist.m3u8')
      await writeFile(file, text)
      await store.put(`${hls}/${name}`, file)
      names.push(name)
    },

    /** Removes what was put since the last `take`. */
    async clear() {
      for (const place of new Set(names.map(placeOf))) await store.remove(`${hls}/${place}`)
      names = []
    },

    /** Names of what was put since the last `take`, which stays. */
    take() {
      const taken = names
      names = []
      return taken
    }
  }
}

export type Shelf = ReturnType<typeof openShelf>

/** The folder of a stream; of a master playlist the file itself. */
const placeOf = (name: string) => (name.startsWith('growing/') ? name : name.slice(0, name.indexOf('/')))
