import { execute } from '../lock/execute.ts'
import { commandIn } from '../lock/lock.ts'
import type { Way } from '../lock/ways.ts'
import type { Codec } from '../plan/codecs.ts'
import { isRight, trialArguments } from './encoders.ts'
import { cellOf, type Encoders, type Hardware, hardwares } from './hardware.ts'
import { hardwareEncoders } from './hardware-encoders.ts'

export interface FoundHardware {
  /** By codec; empty where none works. */
  encoders: Encoders
  /** Of each kind that does not work: why, in ffmpeg's words. */
  failures: string[]
}

interface FindHardware {
  ffmpeg: string
  wanted: 'auto' | Hardware
  codecs: readonly Codec[]
  /** How ffmpeg will be locked in; undefined: not at all. */
  way: Way | undefined
}

/**
 * The first kind of hardware that encodes H.264 here, as films will be encoded: in the same lock, which lets its device
 * nodes through. An encoder that ffmpeg lists may have no card, no driver, or no room on it.
 */
export async function findHardware({ ffmpeg, wanted, codecs, way }: FindHardware): Promise<FoundHardware> {
  const failures: string[] = []
  for (const hardware of wanted === 'auto' ? hardwares : [wanted]) {
    const encoders: Encoders = {}
    for (const codec of new Set<Codec>(['h264', ...codecs])) {
      const name = `${codec}_${hardware}`
      if (!hardwareEncoders.some(encoder => encoder.name === name)) continue
      const failure = await tryOne(ffmpeg, name, way)
      if (failure === undefined) encoders[codec] = name
      else failures.push(`${name}: ${failure}`)
      if (encoders.h264 === undefined) break
    }
    if (encoders.h264 !== undefined) return { encoders, failures }
  }
  return { encoders: {}, failures }
}

async function tryOne(ffmpeg: string, name: string, way: Way | undefined) {
  const args = trialArguments(name)
  const { stdout, failure } = await execute(
    way === undefined
      ? { file: ffmpeg, args, env: { PATH: process.env.PATH ?? '' } }
      : commandIn(way, ffmpeg, args, { ...cellOf({ h264: name }), fileSize: 0 })
  )
  return failure ?? (isRight(stdout) ? undefined : 'it does not put keyframes where they are due')
}
