import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Publisher, Stream } from '#media/develop.ts'
import { mainOf } from '#media/hls/boxes.ts'
import { pictureBytes, pictureOnly } from '#media/hls/one-track.ts'
import { masterPlaylist, mediaPlaylist, tracksPlaylist, type Variant } from '#media/hls/playlist.ts'
import type { Segment } from '#media/hls/segments.ts'
import type { Print } from '#media/plan/print.ts'
import type { Probe } from '#media/probe/probed.ts'
import {
  growingMaster,
  initName,
  masterName,
  pictureInitName,
  pictureName,
  segmentName,
  tracksName
} from '../hls-keys.ts'
import type { Streams } from './print-set.ts'
import { type OpenShelf, openShelf, type Shelf } from './shelf.ts'
import { expected, measured, soundsOf } from './variants.ts'

interface Publishing extends OpenShelf {
  /** In the name of every segment: no two attempts at a film have one of the same name. */
  token: string
  prints: Print[]
  probe: Probe
}

export interface HlsPublisher extends Publisher {
  /** Writes the playlists of the complete streams of a pass. Those of a later pass come beside them. */
  passed(made: { streams: Stream[]; tracks: Stream[] }): Promise<void>
  /** Writes the master playlist, which also names the streams that were made before. */
  finish(before: Streams): Promise<Streams>
}

/** Of a rung: its init segment without the sound, and of each segment, how many bytes are the picture. */
interface Picture {
  init: string
  bytes: number[]
}

/**
 * Puts each segment into the store when it is finished. The store overwrites nothing, so playlists are written at the
 * end; until then the API writes them from the names of the segments (growing.ts), except for the master playlist,
 * which needs to know codecs and sizes: the publisher writes another one for each rung that gets its first segment.
 */
export function publishHls({ token, prints, probe, ...place }: Publishing): HlsPublisher {
  const shelf = openShelf(place)
  const hasTracks = probe.further.length > 0
  const complete = { names: [] as string[], variants: [] as Variant[] }
  let tries = 0
  let variants: Variant[] = []
  let pictures = new Map<string, Picture>()

  const nameOf = () => `${token}${tries > 1 ? `-${tries}` : ''}`

  async function notePicture({ rung, file, init }: Segment) {
    const own = pictures.get(rung) ?? { init: await pictureInit(init), bytes: [] }
    own.bytes.push(await pictureBytes(file, init))
    pictures.set(rung, own)
  }

  function nextPass() {
    variants = []
    pictures = new Map()
  }

  return {
    async begin() {
      tries++
      await shelf.clear()
      nextPass()
    },

    async add(segment) {
      const { rung, number, file, init, duration } = segment
      if (number === 0) await shelf.put(`${rung}/${initName(nameOf())}`, init)
      await shelf.put(`${rung}/${segmentName(nameOf(), { number, duration })}`, file)
      if (hasTracks && mainOf(segment.runs).kind === 'picture') await notePicture(segment)
      if (number > 0) return
      const print = prints.find(({ name }) => name === rung)
      if (!print) return
      variants.push(expected(segment, print, probe))
      // A player that took a stream of a later pass would soon be at its end.
      if (print.codec !== prints[0]!.codec) return
      await shelf.putText(growingMaster(nameOf(), variants.length), masterPlaylist(variants))
    },

    async passed({ streams, tracks }) {
      for (const stream of [...streams, ...tracks]) {
        await writePlaylists(shelf, nameOf(), stream, pictures.get(stream.rung))
      }
      complete.variants.push(...streams.map(stream => measured(stream, variants)))
      complete.names.push(...shelf.take())
      nextPass()
    },

    async finish(before) {
      const all = [...before.variants, ...complete.variants]
      await shelf.putText(masterName, masterPlaylist(all))
      if (hasTracks) await shelf.putText(tracksName, tracksPlaylist(all, soundsOf(probe)))
      const names = [...complete.names, ...shelf.take()]
      return { files: [...before.files, ...names.map(name => `hls/${name}`)], variants: all }
    }
  }
}

/** The playlist of a complete stream, and where it has several audio tracks, the one of its picture alone. */
async function writePlaylists(shelf: Shelf, token: string, { rung, segments }: Stream, picture: Picture | undefined) {
  const listed = segments.map(({ number, duration }) => ({
    name: segmentName(token, { number, duration }),
    duration
  }))
  await shelf.putText(`${rung}/index.m3u8`, mediaPlaylist(initName(token), listed, { complete: true }))
  if (!picture) return
  await shelf.put(`${rung}/${pictureInitName(token)}`, picture.init)
  const withoutSound = listed.map((each, at) => ({ ...each, bytes: picture.bytes[at]! }))
  const playlist = mediaPlaylist(pictureInitName(token), withoutSound, { complete: true })
  await shelf.putText(`${rung}/${pictureName}`, playlist)
}

/** Writes the init segment of a rung without its sound beside it. */
async function pictureInit(init: string) {
  const file = path.join(path.dirname(init), 'picture.mp4')
  await writeFile(file, await pictureOnly(init))
  return file
}
