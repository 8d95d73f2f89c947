import {
  accessAndTruncate,
  anyNamespace,
  type Call,
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

type Instruction = [code: number, value: number, ifTrue?: number, ifFalse?: number]

/** The filter as instructions for the kernel. */
export function assemble(architecture: Architecture, pid: number): Buffer {
  const program: Instruction[] = [
    [load, architectureAt],
    [jumpIfEqual, architectures[architecture], 1],
    [answer, refusal(ENOSYS)],
    [load, numberAt],
    // The x32 variants of all calls, which have other numbers.
    ...(architecture === 'x64'
      ? ([
          [jumpIfAtLeast, 0x40000000, 0, 1],
          [answer, refusal(ENOSYS)]
        ] as Instruction[])
      : []),
    ...rules(pid).flatMap(([call, body]) => {
      const number = typeof call === 'number' ? call : call[architecture]
      return number === undefined ? [] : ([[jumpIfEqual, number, 0, body.length], ...body] as Instruction[])
    }),
    [answer, allowed]
  ]
  const code = Buffer.alloc(8 * program.length)
  for (const [at, [operation, value, ifTrue = 0, ifFalse = 0]] of program.entries()) {
    code.writeUInt16LE(operation, 8 * at)
    code[8 * at + 2] = ifTrue
    code[8 * at + 3] = ifFalse
    code.writeUInt32LE(value, 8 * at + 4)
  }
  return code
}

/** What to do at each call; every way through it ends with an answer. */
function rules(pid: number): [call: Call, body: Instruction[]][] {
  const refuse: Instruction = [answer, refusal(EPERM)]
  const allow: Instruction = [answer, allowed]
  const always = refused.flatMap(({ errno, calls }) =>
    Object.values(calls).map((call): [Call, Instruction[]] => [call, [[answer, refusal(errno)]]])
  )
  const unless = onlyIf.flatMap(({ calls, argument, value }) =>
    Object.values(calls).map((call): [Call, Instruction[]] => [
      call,
      [[load, argumentAt(argument)], [jumpIfEqual, value === 'own pid' ? pid : value, 1], refuse, allow]
    ])
  )
  const opening = opens.map(({ number, flagsAt }): [Call, Instruction[]] => [
    number,
    [
      [load, argumentAt(flagsAt)],
      [and, accessAndTruncate.mask],
      [jumpIfEqual, accessAndTruncate.refused, 0, 1],
      refuse,
      allow
    ]
  ])
  return [
    ...opening,
    ...always,
    ...unless,
    [clone, [[load, argumentAt(0)], [jumpIfAnySet, anyNamespace, 0, 1], refuse, allow]],
    [
      fcntl,
      [[load, argumentAt(1)], ...setOwner.flatMap((each): Instruction[] => [[jumpIfEqual, each, 0, 1], refuse]), allow]
    ]
  ]
}
