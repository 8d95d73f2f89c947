import { closeSync, openSync, statSync } from 'node:fs'
import type { Sight } from '../sight.ts'
import { addPathRule, createRuleset, landlockVersion, restrictSelf } from './system.ts'

const execute = 1n << 0n
const writeFile = 1n << 1n
const readFile = 1n << 2n
const readFolder = 1n << 3n
const removeFolder = 1n << 4n
const removeFile = 1n << 5n
const makeFolder = 1n << 7n
const makeFile = 1n << 8n
const move = 1n << 13n
const truncate = 1n << 14n
const steerDevice = 1n << 15n

// No links, pipes, sockets and devices: what Node later finds in the folder are files and folders of the folder itself.
const working = readFile | readFolder | writeFile | removeFile | removeFolder | makeFolder | makeFile | move | truncate
const ofFiles = execute | writeFile | readFile | truncate | steerDevice

/** All rights to files that each version knows; a right that is not handled is not refused. */
const handled = [0n, (1n << 13n) - 1n, (1n << 14n) - 1n, (1n << 15n) - 1n, (1n << 15n) - 1n, (1n << 16n) - 1n]
const everyTcp = 3n
const everyScope = 3n

const pathOnly = 0o10000000

/** From here on this process and all of its descendants reach nothing but what the sight names. */
export function restrictFiles({ programs, libraries, reads, writes, devices }: Sight) {
  const version = landlockVersion()
  if (version === 0) throw new Error('Landlock is missing in this kernel, or not enabled')
  const files = handled[Math.min(version, handled.length - 1)]!
  const attributes = Buffer.alloc(version >= 6 ? 24 : version >= 4 ? 16 : 8)
  attributes.writeBigUInt64LE(files)
  if (version >= 4) attributes.writeBigUInt64LE(everyTcp, 8)
  if (version >= 6) attributes.writeBigUInt64LE(everyScope, 16)

  const ruleset = createRuleset(attributes)
  const allow = (path: string, rights: bigint, isOptional = false) => {
    const file = opened(path, isOptional)
    if (file === undefined) return
    addPathRule(ruleset, file, rights & files & (statSync(path).isDirectory() ? ~0n : ofFiles))
    closeSync(file)
  }
  for (const path of programs) allow(path, execute | readFile | readFolder, true)
  for (const path of libraries) allow(path, readFile | readFolder, true)
  for (const path of reads) allow(path, readFile | readFolder)
  for (const path of writes) allow(path, working)
  for (const path of devices) allow(path, readFile | writeFile | steerDevice)
  allow('/dev/null', readFile | writeFile)
  restrictSelf(ruleset)
}

function opened(path: string, isOptional: boolean) {
  try {
    return openSync(path, pathOnly)
  } catch (error) {
    if (isOptional) return undefined
    throw error
  }
}
