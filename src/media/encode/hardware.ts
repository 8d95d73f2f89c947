import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { Cell } from '../lock/lock.ts'
import type { Codec } from '../plan/codecs.ts'

/** Kinds of encoders in hardware, in the order in which `HARDWARE=auto` tries them. */
export const hardwares = ['nvenc', 'qsv', 'vaapi', 'videotoolbox'] as const

export type Hardware = (typeof hardwares)[number]

/** Encoders by codec. */
export type Encoders = Partial<Record<Codec, string>>

/** Names the encoders in hardware that a worker has found to its children. */
export const hardwareVariable = 'DARKROOM_MEDIA_ENCODERS'

// A policy of the process, as the lock around ffmpeg is.
let current: string[] = []

/** Encodes as the worker of this child has found out that it can. */
export function encodeAsFound(wanted: 'off' | 'auto' | Hardware) {
  encodeBy(wanted === 'off' ? [] : (process.env[hardwareVariable] ?? '').split(','))
}

/** From here on films of this process are encoded by these, for the codecs that they are of. */
export function encodeBy(names: string[]) {
  current = names.filter(name => hardwareOf(name) !== undefined)
}

/** The encoder in hardware that this process uses for a codec. */
export const inHardware = (codec: Codec) => current.find(name => name.startsWith(`${codec}_`))

export const hardwareOf = (name: string) => hardwares.find(each => name.endsWith(`_${each}`))

/** Bytes of address space: drivers map the memory of the card, and more. */
const addressSpace = 2 ** 44

/** What the driver reads of the kernel about its card. */
const facts = ['/sys/dev/char', '/sys/devices', '/sys/bus/pci', '/sys/class/drm', '/proc/driver/nvidia']

/** What the driver of these encoders needs beside what every ffmpeg sees; nothing for those of software. */
export function cellOf(encoders: Encoders): Pick<Cell, 'devices' | 'memory' | 'reads'> {
  const hardware = Object.values(encoders).map(hardwareOf).find(Boolean)
  return hardware === undefined ? {} : { devices: devicesOf(hardware), memory: addressSpace, reads: facts }
}

/** Device nodes of a kind of hardware that this machine has. */
function devicesOf(hardware: Hardware) {
  if (hardware === 'nvenc') return nodes('/dev', /^nvidia(\d+|ctl|-uvm|-uvm-tools|-modeset)$/)
  return hardware === 'videotoolbox' ? [] : nodes('/dev/dri', /^renderD\d+$/)
}

function nodes(folder: string, wanted: RegExp) {
  try {
    return readdirSync(folder)
      .filter(name => wanted.test(name))
      .toSorted()
      .map(name => path.join(folder, name))
  } catch {
    return []
  }
}

/** How frames come to an encoder: options before the input, and filters at the end of a graph. */
export function wayInto(name: string | undefined): { opening: string[]; ending: string[] } {
  if (name === undefined || hardwareOf(name) !== 'vaapi') return { opening: [], ending: [] }
  const [node = '/dev/dri/renderD128'] = devicesOf('vaapi')
  return {
    opening: ['-init_hw_device', `vaapi=card:${node}`, '-filter_hw_device', 'card'],
    ending: ['format=nv12', 'hwupload']
  }
}
