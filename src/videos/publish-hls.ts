import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Publisher, Stream } from '#media/develop.ts'
import { soundRate } from '#media/encode/sound.ts'
import { mainOf } from '#media/hls/boxes.ts'
import { pictureBytes, pictureOnly } from '#media/hls/one-track.ts'
import { masterPlaylist, mediaPlaylist, type Sound, tracksPlaylist, type Variant } from '#media/hls/playlist.ts'
import type { Segment } from '#media/hls/segments.ts'
import { tracksBeside } from '#media/plan/audio-tracks.ts'
import type { Print } from '#media/plan/ladder.ts'
import { capFor } from '#media/plan/rungs.ts'
import type { Probe } from '#media/probe/probed.ts'
import { linkFile } from '#storage/files.ts'
import type { Store } from '#storage/store.ts'
import {
  growingMaster,
  hlsIn,
  initName,
  masterName,
  pictureInitName,
  pictureName,
  segmentName,
  tracksName
} from './hls-keys.ts'
import type { Streams } from './print-set.ts'

interface Publishing {
  store: Store
  /** The prefix of the attempt's keys. */
  folder: string
  /** Where the attempt works. */
  workspace: string
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

/** Room above the cap of the picture for the sound and the container. */
const overhead = 1.1

/**
 * Puts each segment into the store when it is finished. The store overwrites nothing, so playlists are written at the
 * end; until then the API writes them from the names of the segments (growing.ts), except for the master playlist,
 * which needs to know codecs and sizes: the publisher writes another one for each rung that gets its first segment.
 */
export function publishHls({ store, folder, workspace, token, prints, probe }: Publishing): HlsPublisher {
  const hls = hlsIn(folder)
  const hasTracks = probe.further.length > 0
  let tries = 0
  let pass = nothingServed()
  const complete = nothingServed()

  const nameOf = () => `${token}${tries > 1 ? `-${tries}` : ''}`

  async function put(name: string, file: string) {
    // The workspace keeps its own name of the file, for the checks at the end.
    const second = `${file}.served`
    await linkFile(file, second)
    await store.put(`${hls}/${name}`, second)
    pass.names.push(name)
  }

  async function putText(name: string, text: string) {
    const file = path.join(workspace, 'hls', 'playlist.m3u8')
    await writeFile(file, text)
    await store.put(`${hls}/${name}`, file)
    pass.names.push(name)
  }

  async function notePicture({ rung, file, init }: Segment) {
    const own = pass.pictures.get(rung) ?? { init: await pictureInit(init), bytes: [] }
    own.bytes.push(await pictureBytes(file, init))
    pass.pictures.set(rung, own)
  }

  return {
    async begin() {
      tries++
      for (const place of new Set(pass.names.map(placeOf))) await store.remove(`${hls}/${place}`)
      pass = nothingServed()
    },

    async add(segment) {
      const { rung, number, file, init, duration } = segment
      if (number === 0) await put(`${rung}/${initName(nameOf())}`, init)
      await put(`${rung}/${segmentName(nameOf(), { number, duration })}`, file)
      if (hasTracks && mainOf(segment.runs).kind === 'picture') await notePicture(segment)
      if (number > 0) return
      const print = prints.find(({ name }) => name === rung)
      if (!print) return
      pass.variants.push(expected(segment, print, probe))
      // A player that took a stream of a later pass would soon be at its end.
      if (print.codec !== prints[0]!.codec) return
      await putText(growingMaster(nameOf(), pass.variants.length), masterPlaylist(pass.variants))
    },

    async passed({ streams, tracks }) {
      for (const { rung, segments } of [...streams, ...tracks]) {
        const listed = segments.map(({ number, duration }) => ({
          name: segmentName(nameOf(), { number, duration }),
          duration
        }))
        await putText(`${rung}/index.m3u8`, mediaPlaylist(initName(nameOf()), listed, { complete: true }))
        const own = pass.pictures.get(rung)
        if (!own) continue
        const pictures = listed.map((each, at) => ({ ...each, bytes: own.bytes[at]! }))
        await put(`${rung}/${pictureInitName(nameOf())}`, own.init)
        const playlist = mediaPlaylist(pictureInitName(nameOf()), pictures, { complete: true })
        await putText(`${rung}/${pictureName}`, playlist)
      }
      complete.variants.push(...streams.map(stream => measured(stream, pass.variants)))
      complete.names.push(...pass.names)
      pass = nothingServed()
    },

    async finish(before) {
      const all = [...before.variants, ...complete.variants]
      await putText(masterName, masterPlaylist(all))
      if (hasTracks) await putText(tracksName, tracksPlaylist(all, soundsOf(probe)))
      const names = [...complete.names, ...pass.names]
      return { files: [...before.files, ...names.map(name => `hls/${name}`)], variants: all }
    }
  }
}

/** What a pass has put into the store, and of its segments, how many bytes are the picture. */
const nothingServed = () => ({
  variants: [] as Variant[],
  names: [] as string[],
  pictures: new Map<string, { init: string; bytes: number[] }>()
})

/** Writes the init segment of a rung without its sound beside it. */
async function pictureInit(init: string) {
  const file = path.join(path.dirname(init), 'picture.mp4')
  await writeFile(file, await pictureOnly(init))
  return file
}

/** The folder of a stream; of a master playlist the file itself. */
const placeOf = (name: string) => (name.startsWith('growing/') ? name : name.slice(0, name.indexOf('/')))

/** The audio tracks as a master playlist names them, where there are several. */
export function soundsOf({ audio, further, audio_tracks: names }: Probe): Sound[] {
  const tracks = audio ? [audio, ...further] : []
  return tracksBeside(further).map((stream, at) => ({
    ...names[at]!,
    channels: tracks[at]!.channels === 1 ? 1 : 2,
    stream
  }))
}

/** A rung as the master playlist names it before all of its segments are known. */
export function expected(
  { rung, tracks }: Pick<Segment, 'rung' | 'tracks'>,
  { width, height, codec }: Print,
  { video, audio }: Probe
): Variant {
  const codecs = [...tracks.values()].flatMap(({ codec }) => codec ?? []).join(',')
  const cap = video ? capFor({ width: width!, height: height!, codec }, video) : 0
  const peak = overhead * (cap + (audio ? soundRate : 0))
  return { rung, width, height, fps: video?.fps ?? null, codecs, peak, average: null }
}

export function measured({ rung, segments, duration }: Stream, variants: Variant[]): Variant {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
  return {
    ...variants.find(variant => variant.rung === rung)!,
    peak: Math.max(...segments.map(({ bytes, duration }) => (bytes * 8) / Math.max(0.1, duration))),
    average: (bytes * 8) / duration
  }
}
