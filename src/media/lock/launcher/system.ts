import { koffi } from './koffi.ts'

// Node has none of these calls. They act on the calling thread, which is the one that becomes the program.

const libc = koffi.load(null)
const Filter = koffi.struct({ length: 'uint16', instructions: 'void *' })
const numbers = ['unsigned long', 'unsigned long', 'unsigned long', 'unsigned long']

const prctlOf = libc.func('prctl', 'int', ['int', ...numbers])
const installOf = libc.func('prctl', 'int', ['int', 'unsigned long', koffi.pointer(Filter), ...numbers.slice(2)])
const createRulesetOf = libc.func('syscall', 'long', ['long', 'void *', 'size_t', 'uint32'])
const addRuleOf = libc.func('syscall', 'long', ['long', 'int', 'int', 'void *', 'uint32'])
const restrictOf = libc.func('syscall', 'long', ['long', 'int', 'uint32'])
const limitOf = libc.func('prlimit64', 'int', ['int', 'int', 'void *', 'void *'])
const capsetOf = libc.func('syscall', 'long', ['long', 'void *', 'void *'])
const signalOf = libc.func('signal', 'void *', ['int', 'void *'])
const fcntlOf = libc.func('fcntl', 'int', ['int', 'int', 'int'])

/** The same numbers on every architecture but alpha. */
const call = { createRuleset: 444, addRule: 445, restrict: 446 }
const capset = { x64: 126, arm64: 91 }[process.arch as string]

function checked(what: string, result: number): number {
  if (result >= 0) return result
  const code = koffi.errno()
  const name = Object.entries(koffi.os.errno).find(([, number]) => number === code)?.[0] ?? `errno ${code}`
  throw new Error(`${what} failed (${name})`)
}

export function prctl(what: string, option: number, first = 0, second = 0) {
  return checked(what, prctlOf(option, first, second, 0, 0))
}

/** The version of Landlock in this kernel; 0 where it has none, or where it is not enabled. */
export function landlockVersion(): number {
  return Math.max(0, createRulesetOf(call.createRuleset, null, 0, 1))
}

export function createRuleset(attributes: Buffer) {
  return checked('landlock_create_ruleset', createRulesetOf(call.createRuleset, attributes, attributes.length, 0))
}

/** Allows `rights` at and below what the descriptor names. */
export function addPathRule(ruleset: number, file: number, rights: bigint) {
  const rule = Buffer.alloc(12)
  rule.writeBigUInt64LE(rights)
  rule.writeInt32LE(file, 8)
  checked('landlock_add_rule', addRuleOf(call.addRule, ruleset, 1, rule, 0))
}

export function restrictSelf(ruleset: number) {
  checked('landlock_restrict_self', restrictOf(call.restrict, ruleset, 0))
}

/** Of the program to come: this process keeps its soft and hard limits until then, so they must fit it, too. */
export function setLimit(resource: number, value: number) {
  const pair = Buffer.alloc(16)
  pair.writeBigUInt64LE(BigInt(value))
  pair.writeBigUInt64LE(BigInt(value), 8)
  checked(`the limit ${resource}`, limitOf(0, resource, pair, null))
}

/** Of each of the 64 bits: permitted, effective and inheritable alike. */
export function setCapabilities(bits: bigint) {
  if (capset === undefined) throw new Error(`capset has no known number on ${process.arch}`)
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x20080522)
  const data = Buffer.alloc(24)
  for (const half of [0, 1]) {
    const word = Number((bits >> BigInt(32 * half)) & 0xffffffffn)
    for (const set of [0, 1, 2]) data.writeUInt32LE(word, 12 * half + 4 * set)
  }
  checked('capset', capsetOf(capset, header, data))
}

/** Ignored signals stay ignored in the program, and Node ignores two. */
export function restoreSignal(signal: number) {
  signalOf(signal, null)
}

/** Node has pipes answer at once: the program would lose what it writes while the reader is busy. */
export function waitForReader(file: number) {
  const [getFlags, setFlags, nonBlocking] = [3, 4, 0o4000]
  const flags = checked('fcntl', fcntlOf(file, getFlags, 0))
  checked('fcntl', fcntlOf(file, setFlags, flags & ~nonBlocking))
}

export function installFilter(instructions: Buffer) {
  const filter = { length: instructions.length / 8, instructions }
  checked('seccomp', installOf(22, 2, filter, 0, 0))
}
