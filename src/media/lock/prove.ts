import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { guardedInput } from '../guards.ts'
import { askLauncher, type Found } from './ask-launcher.ts'
import { type Attacks, attackArguments } from './attack.ts'
import { execute } from './execute.ts'
import { type Cell, commandIn } from './lock.ts'
import { canHaveOwnUser, effectiveCapabilities } from './own-user.ts'
import type { Sandbox } from './sandbox.ts'
import { setTraps, type Traps } from './traps.ts'
import { layersOf, type Way, ways } from './ways.ts'

export interface Proof {
  sandbox: Sandbox
  /** The best way that works; undefined: without a lock. */
  way: Way | undefined
}

/** Bytes of address space for the attacker, which is a Node. */
const memoryOfNode = 64 * 1024 ** 3

type Layers = Pick<Sandbox, 'files' | 'network'>

/**
 * Tries the ways of locking a decoder in, the best first, until one keeps files and network from a program that tries
 * to reach them and lets the real ffmpeg and ffprobe do their work.
 */
export async function proveLock(
  tools: MediaTools | undefined,
  folder: string,
  asking: Promise<Found> = askLauncher()
): Promise<Proof> {
  const found = await asking
  const traps = await setTraps(folder)
  const failures: string[] = []
  let best: (Layers & { way: Way }) | undefined
  try {
    for (const way of ways.filter(each => isWorthTrying(each, found))) {
      const held = await tryWay(way, { tools, traps, landlock: found.landlock })
      if (typeof held === 'string') failures.push(`${way}: ${held}`)
      else if (best === undefined || count(held) > count(best)) best = { way, ...held }
      if (best && count(best) === 2) break
    }
  } finally {
    await traps.close()
  }
  return { way: best?.way, sandbox: describe(best, found, failures) }
}

const count = ({ files, network }: Layers) => Number(files !== null) + Number(network !== null)

function isWorthTrying(way: Way, { failure, landlock }: Found) {
  if (!way.startsWith('launcher')) return true
  if (failure !== undefined) return false
  if (way === 'launcher with a user of its own') return landlock > 0 && canHaveOwnUser(effectiveCapabilities())
  return way === 'launcher without landlock' || landlock > 0
}

interface TryWay {
  tools: MediaTools | undefined
  traps: Traps
  /** Version of Landlock. */
  landlock: number
}

/** The layers that held; or why the way cannot be used. */
async function tryWay(way: Way, { tools, traps, landlock }: TryWay): Promise<Layers | string> {
  const { source, readable, work, targets } = traps
  const made = path.join(work, 'made.wav')
  const cell: Cell = { reads: [source, readable], writes: [work], seconds: 60 }
  const run = (program: string, args: string[], more: Cell = {}) =>
    execute(commandIn(way, program, args, { ...cell, ...more }))
  const [attacker, ...works] = await Promise.all([
    run(process.execPath, attackArguments(targets), { memory: memoryOfNode }),
    ...(tools
      ? [
          run(tools.ffprobe, ['-v', 'error', '-show_streams', ...guardedInput(source)]),
          run(tools.ffmpeg, ['-v', 'error', '-nostdin', '-y', ...guardedInput(source), made])
        ]
      : [])
  ])
  const failed = [attacker!, ...works].find(each => each.failure !== undefined)
  if (failed) return failed.failure!
  if (tools && (await stat(made).catch(() => undefined)) === undefined) return 'ffmpeg could not write'

  const attacks = JSON.parse(attacker!.stdout) as Attacks
  const refused = (...names: (keyof Attacks)[]) => names.every(name => attacks[name] === 'refused')
  const sprung = await traps.sprung()
  const layers = layersOf(way, landlock)
  return {
    files: refused('read', 'environment', 'write') && !sprung.files ? layers.files : null,
    // A message into an empty network is sent and arrives nowhere.
    network: refused('tcp', 'unix') && !sprung.network ? layers.network : null
  }
}

function describe(best: (Layers & { way: Way }) | undefined, found: Found, failures: string[]): Sandbox {
  const { files = null, network = null, way } = best ?? {}
  const why =
    found.failure !== undefined
      ? `the launcher does not start: ${found.failure}`
      : found.landlock === 0
        ? 'this kernel has no Landlock, or does not enable it'
        : (failures[0] ?? 'no way of locking it in has stood the attacks')
  return {
    files,
    network,
    user: way === 'launcher with a user of its own' ? 'own' : 'same',
    proved_at: files || network ? new Date().toISOString() : null,
    missing: [
      ...(files === null ? [{ layer: 'files', why, how: howTo(found, 'files') }] : []),
      ...(network === null ? [{ layer: 'network', why, how: howTo(found, 'network') }] : [])
    ]
  }
}

function howTo({ failure, landlock }: Found, layer: 'files' | 'network') {
  if (process.platform !== 'linux') return 'Run the workers that take films on Linux'
  const otherwise = 'or install bubblewrap, where the system allows its namespaces'
  if (failure?.includes('koffi'))
    return `Install the package koffi ("npm install" without --omit=optional), ${otherwise}`
  if (landlock === 0 && layer === 'files') {
    return `Use Linux 5.13 or later with "landlock" in the lsm= list of its command line, ${otherwise}`
  }
  return `Allow the calls landlock_*, seccomp and prctl to the worker (SystemCallFilter, seccomp profile), ${otherwise}`
}
