import t from 'tap'
import { assemble } from '../../../src/media/lock/launcher/seccomp.ts'

const allowed = 0x7fff0000
const refusal = (errno: number) => 0x00050000 | errno
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97]
const pid = 4711
const machines = { x64: 0xc000003e, arm64: 0xc00000b7 }

/** The kernel's machine for such filters, as far as ours goes. */
function judge(filter: Buffer, call: { machine: number; number: number; args?: number[] }) {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(call.number, 0)
  data.writeUInt32LE(call.machine, 4)
  for (const [at, value] of (call.args ?? []).entries()) data.writeInt32LE(value | 0, 16 + 8 * at)
  let loaded = 0
  for (let at = 0; ; at++) {
    const [code, value] = [filter.readUInt16LE(8 * at), filter.readUInt32LE(8 * at + 4)]
    const jump = (isTrue: boolean) => {
      at += filter[8 * at + (isTrue ? 2 : 3)]!
    }
    if (code === 0x20) loaded = data.readUInt32LE(value)
    else if (code === 0x15) jump(loaded === value)
    else if (code === 0x35) jump(loaded >= value)
    else if (code === 0x45) jump((loaded & value) !== 0)
    else if (code === 0x54) loaded = (loaded & value) >>> 0
    else if (code === 0x06) return value
    else throw new Error(`unknown instruction ${code}`)
  }
}

const numbers = {
  x64: {
    read: 0,
    execve: 59,
    kill: 62,
    tgkill: 234,
    prlimit64: 302,
    clone: 56,
    fcntl: 72,
    socket: 41,
    mount: 165,
    openat: 257
  },
  arm64: {
    read: 63,
    execve: 221,
    kill: 129,
    tgkill: 131,
    prlimit64: 261,
    clone: 220,
    fcntl: 25,
    socket: 198,
    mount: 40,
    openat: 56
  }
}

for (const architecture of ['x64', 'arm64'] as const) {
  t.test(`the filter for ${architecture} refuses what a decoder never needs`, async t => {
    const filter = assemble(architecture, pid)
    const is = numbers[architecture]
    const ask = (number: number, ...args: number[]) => judge(filter, { machine: machines[architecture], number, args })

    t.ok(filter.length / 8 <= 4096, 'it is as short as the kernel wants it')
    t.strictSame([ask(is.read), ask(is.execve), ask(100_000)], [allowed, allowed, allowed])
    t.strictSame([ask(is.socket), ask(is.mount)], [refusal(EAFNOSUPPORT), refusal(EPERM)])
    // io_uring_setup, clone3, bpf's neighbours by their common numbers.
    t.strictSame([ask(425), ask(435), ask(424), ask(438)], [ENOSYS, ENOSYS, EPERM, EPERM].map(refusal))
    t.strictSame([ask(is.kill, pid, 9), ask(is.tgkill, pid, pid, 6)], [allowed, allowed], 'signals to itself')
    const others = [1, 0, -1, -pid]
    t.ok(
      others.every(other => ask(is.kill, other, 9) === refusal(EPERM)),
      'signals to others, groups and all'
    )
    t.strictSame(
      [ask(is.tgkill, 1, 1, 9), ask(is.prlimit64, 1), ask(is.prlimit64, 0)],
      [refusal(EPERM), refusal(EPERM), allowed]
    )
    const threads = 0x3d0f00
    const namespaces = [0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]
    t.equal(ask(is.clone, threads), allowed)
    t.ok(namespaces.every(flag => ask(is.clone, threads | flag) === refusal(EPERM)))
    t.strictSame(
      [ask(is.fcntl, 3, 8), ask(is.fcntl, 3, 15), ask(is.fcntl, 3, 4)],
      [refusal(EPERM), refusal(EPERM), allowed]
    )
    const [toRead, toWrite, cut, create] = [0, 1, 0o1000, 0o100]
    const opened = [toRead, toWrite | create | cut, toRead | cut].map(flags => ask(is.openat, -100, 0, flags))
    t.strictSame(opened, [allowed, allowed, refusal(EPERM)], 'no cutting off of what may be read')
    const other = architecture === 'x64' ? machines.arm64 : machines.x64
    t.equal(judge(filter, { machine: other, number: is.read }), refusal(ENOSYS), 'calls of another architecture')
    if (architecture === 'x64') t.equal(ask(0x40000000 + is.read), refusal(ENOSYS), 'calls of x32')
  })
}
