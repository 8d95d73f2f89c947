import {
  accessAndTruncate,
  anyNamespace,
  type Calls,
  clone,
  ENOSYS,
  EPERM,
  fcntl,
  onlyIf,
  opens,
  refused,
  setOwner
} from './calls.ts'
import { installFilter } from './system.ts'

const architectures = { x64: 0xc000003e, arm64: 0xc00000b7 }
type Architecture = keyof typeof architectures

// Instructions of the kernel's filter machine.
const load = 0x20
const jumpIfEqual = 0x15
const jumpIfAtLeast = 0x35
const jumpIfAnySet = 0x45
const and = 0x54
const answer = 0x06
const allowed = 0x7fff0000
const refusal = (errno: number) => 0x00050000 | errno
const numberAt = 0
const architectureAt = 4
/** The lower half; both architectures are little-endian. */
const argumentAt = (index: number) => 16 + 8 * index

export const canFilter = () => Object.hasOwn(architectures, process.arch)

/** No sockets, no namespaces, no signals to others, from here on and in all descendants. */
export function restrictCalls() {
  if (!canFilter()) throw new Error(`the filter has no numbers for ${process.arch}`)
  installFilter(assemble(process.arch as Architecture, process.pid))
}

/** The filter as instructions for the kernel. */
export function assemble(architecture: Architecture, pid: number): Buffer {
  const program: [code: number, ifTrue: number, ifFalse: number, value: number][] = []
  const add = (code: number, value: number, ifTrue = 0, ifFalse = 0) => program.push([code, ifTrue, ifFalse, value])
  const numberOf = (call: Calls[string]) => (typeof call === 'number' ? call : call[architecture])

  add(load, architectureAt)
  add(jumpIfEqual, architectures[architecture], 1)
  add(answer, refusal(ENOSYS))
  add(load, numberAt)
  if (architecture === 'x64') {
    // The x32 variants of all calls, which have other numbers.
    add(jumpIfAtLeast, 0x40000000, 0, 1)
    add(answer, refusal(ENOSYS))
  }
  for (const { errno, calls } of refused) {
    for (const number of Object.values(calls).map(numberOf)) {
      if (number === undefined) continue
      add(jumpIfEqual, number, 0, 1)
      add(answer, refusal(errno))
    }
  }
  for (const { calls, argument, value } of onlyIf) {
    for (const number of Object.values(calls).map(numberOf)) {
      add(jumpIfEqual, number!, 0, 4)
      add(load, argumentAt(argument))
      add(jumpIfEqual, value === 'own pid' ? pid : value, 1)
      add(answer, refusal(EPERM))
      add(answer, allowed)
    }
  }
  add(jumpIfEqual, clone[architecture], 0, 4)
  add(load, argumentAt(0))
  add(jumpIfAnySet, anyNamespace, 0, 1)
  add(answer, refusal(EPERM))
  add(answer, allowed)
  for (const { number, flagsAt } of opens) {
    const own = numberOf(number)
    if (own === undefined) continue
    add(jumpIfEqual, own, 0, 5)
    add(load, argumentAt(flagsAt))
    add(and, accessAndTruncate.mask)
    add(jumpIfEqual, accessAndTruncate.refused, 0, 1)
    add(answer, refusal(EPERM))
    add(answer, allowed)
  }
  add(jumpIfEqual, fcntl[architecture], 0, 5)
  add(load, argumentAt(1))
  for (const command of setOwner) {
    add(jumpIfEqual, command, 0, 1)
    add(answer, refusal(EPERM))
  }
  add(answer, allowed)

  const code = Buffer.alloc(8 * program.length)
  for (const [at, [operation, ifTrue, ifFalse, value]] of program.entries()) {
    code.writeUInt16LE(operation, 8 * at)
    code[8 * at + 2] = ifTrue
    code[8 * at + 3] = ifFalse
    code.writeUInt32LE(value, 8 * at + 4)
  }
  return code
}
