import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { pictureBytes, pictureOnly } from '#media/hls/one-track.ts'
import { masterPlaylist, mediaPlaylist, tracksPlaylist } from '#media/hls/playlist.ts'
import type { Segment } from '#media/hls/segments.ts'
import { type Joined, joinParts } from '#media/parts/join.ts'
import { together } from '#media/together.ts'
import type { Store } from '#storage/store.ts'
import { hlsIn, initName, masterName, pictureInitName, pictureName, segmentName, tracksName } from '../hls-keys.ts'
import { finishSet, type Work } from '../make/make-set.ts'
import { describedAt, hashOf, type PrintSet, type Streams } from '../make/print-set.ts'
import { expected, measured, soundsOf } from '../make/variants.ts'
import { type FilmPlan, partKey, readPlan, soundKey } from './film-plan.ts'
import { aloneFor, type KeptPart, type PartPlace } from './make-part.ts'

/** A segment, and its name in the store. */
interface Named {
  segment: Segment
  name: string
}

/** Names of the attempts that made the parts: the stretches in order, and the sound. */
interface Attempts {
  made: string[]
  sound: string | undefined
}

/**
 * Joins the parts of a film and makes what follows the prints. Answers why the film has to be made in one run, if it has to.
 */
export async function joinFilm(
  place: PartPlace,
  { made, sound }: Attempts,
  work: Work
): Promise<PrintSet | { alone: string }> {
  const { store, workspace, folder } = place
  const { tools, signal, progress } = work
  const film = await readPlan(store, folder)
  const { facts, plan, rungs, only, style, before } = film
  const parts = await Promise.all(made.map(token => readPart(store, folder, token)))
  const other = parts.findIndex(({ setups }) => JSON.stringify(setups) !== JSON.stringify(parts[0]!.setups))
  if (other >= 0) return { alone: `part ${other} needs another decoder than the first one` }

  await using opened = new AsyncDisposableStack()
  const named = await borrowAll(store, folder, made, parts, opened)
  const track = await borrowSound(place, film, sound, opened)
  const [joined, sha256] = await together(
    signal,
    signal =>
      joinParts({
        ...{ probe: facts, prints: plan.prints, segments: named.map(({ segment }) => segment), directory: workspace },
        ...{ tools, signal, sound: track },
        onProgress: fraction => progress(0.9 * fraction, { phase: 'packaging' })
      }).catch(error => aloneFor(error, work.log)),
    signal => hashOf(place.original, signal)
  )
  if ('alone' in joined) return joined
  progress(0.9, { phase: 'checking' })
  const own = before === null ? undefined : await describedAt(store, before)
  const set = await finishSet(
    { ...place, before: before ?? undefined },
    { rungs, only: only ?? undefined, style },
    work,
    {
      survey: { facts, plan, own },
      made: joined.made,
      damage: null,
      extras: null,
      sha256,
      hls: true,
      publish: kept =>
        publishJoined({ store, folder, workspace, film, named, joined, token: place.token, first: made[0]! }, kept)
    }
  )
  return set
}

/** Only where the film has several audio tracks: the default one is in the segments. */
async function borrowSound(
  { store, folder }: PartPlace,
  { facts }: FilmPlan,
  sound: string | undefined,
  opened: AsyncDisposableStack
) {
  if (sound === undefined || facts.further.length === 0) return undefined
  const { path: file, release } = await store.borrow(soundKey(folder, sound))
  opened.defer(release)
  return file
}

async function readPart(store: Store, folder: string, token: string): Promise<KeptPart> {
  return JSON.parse(await text(await store.open(partKey(folder, token))))
}

/** Local paths of all segments. All of a rung have the init segment of the first part. */
async function borrowAll(
  store: Store,
  folder: string,
  made: string[],
  parts: KeptPart[],
  opened: AsyncDisposableStack
): Promise<Named[]> {
  const named: Named[] = []
  const borrow = async (name: string) => {
    const { path: file, release } = await store.borrow(`${hlsIn(folder)}/${name}`)
    opened.defer(release)
    return file
  }
  for (const [at, { segments }] of parts.entries()) {
    for (const { tracks, ...segment } of segments.toSorted((one, other) => one.number - other.number)) {
      const name = `${segment.rung}/${segmentName(made[at]!, segment)}`
      const init = await borrow(`${segment.rung}/${initName(made[0]!)}`)
      named.push({ name, segment: { ...segment, file: await borrow(name), init, tracks: new Map(tracks) } })
    }
  }
  return named
}

interface Publish {
  store: Store
  folder: string
  workspace: string
  film: FilmPlan
  named: Named[]
  joined: Joined
  /** The attempt that joins, and the one that made the first stretch. */
  token: string
  first: string
}

/** Writes the playlists, and removes the segments of attempts that did not make their part. */
async function publishJoined(
  { store, folder, workspace, film, named, joined: { streams, trackSegments }, token, first }: Publish,
  kept: Streams
): Promise<Streams> {
  const files: string[] = []
  const putText = async (name: string, content: string) => {
    const file = path.join(workspace, 'playlist.m3u8')
    await writeFile(file, content)
    await store.put(`${hlsIn(folder)}/${name}`, file)
    files.push(name)
  }
  for (const [rung, own] of Map.groupBy(trackSegments, ({ rung }) => rung)) {
    const listed = own.map(segment => ({ name: segmentName(token, segment), duration: segment.duration }))
    files.push(
      ...(await putTrack({ store, folder: `${hlsIn(folder)}/${rung}`, token }, own)).map(each => `${rung}/${each}`)
    )
    await putText(`${rung}/index.m3u8`, mediaPlaylist(initName(token), listed, { complete: true }))
  }
  const { facts, plan } = film
  const firsts = plan.prints.map(({ name }) => named.find(({ segment }) => segment.rung === name)!.segment)
  const variants = firsts.map((segment, at) => expected(segment, plan.prints[at]!, facts))
  for (const { rung } of streams) {
    const own = named.filter(({ segment }) => segment.rung === rung)
    const listed = own.map(({ name, segment: { duration } }) => ({ name: path.basename(name), duration }))
    const init = `${rung}/${initName(first)}`
    files.push(init, ...own.map(({ name }) => name))
    await putText(`${rung}/index.m3u8`, mediaPlaylist(path.basename(init), listed, { complete: true }))
    if (facts.further.length === 0) continue
    const pictures = await Promise.all(
      own.map(async ({ segment }, at) => ({ ...listed[at]!, bytes: await pictureBytes(segment.file, segment.init) }))
    )
    const name = `${rung}/${pictureInitName(token)}`
    const file = path.join(workspace, 'picture.mp4')
    await writeFile(file, await pictureOnly(own[0]!.segment.init))
    await store.put(`${hlsIn(folder)}/${name}`, file)
    files.push(name)
    await putText(`${rung}/${pictureName}`, mediaPlaylist(path.basename(name), pictures, { complete: true }))
  }
  const all = [...kept.variants, ...streams.map(stream => measured(stream, variants))]
  await putText(masterName, masterPlaylist(all))
  if (facts.further.length > 0) await putText(tracksName, tracksPlaylist(all, soundsOf(facts)))
  const wanted = new Set([...files.map(name => `hls/${name}`), ...kept.files].map(file => `${folder}/${file}`))
  for await (const { key } of store.list(hlsIn(folder))) if (!wanted.has(key)) await store.remove(key)
  return { files: [...kept.files, ...files.map(name => `hls/${name}`)], variants: all }
}

/** The stream of an audio track beside the rungs, which the join itself has made. */
async function putTrack({ store, folder, token }: { store: Store; folder: string; token: string }, own: Segment[]) {
  const files = [
    { name: initName(token), file: own[0]!.init },
    ...own.map(segment => ({ name: segmentName(token, segment), file: segment.file }))
  ]
  for (const { name, file } of files) await store.put(`${folder}/${name}`, file)
  return files.map(({ name }) => name)
}
