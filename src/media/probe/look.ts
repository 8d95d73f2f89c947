import { execa } from 'execa'
import { sayProgram } from '#telemetry/programs.ts'
import { expectLocked, underLock } from '../lock/lock.ts'
import { keepTail, spawnOptions } from '../run.ts'
import { type Header, mostText, ofPrograms, parse, timeout } from './header.ts'
import { addPacket, type Packets } from './packets.ts'

/** Bytes. Smaller files are scanned whole, which takes a fraction of a second; of larger ones the beginning. */
const smallFile = 64 * 1024 * 1024

/** Seconds of a large file that are scanned. */
const sample = 30

/** Enough for the sample: six streams of 60 packets a second for several hours. */
const mostPackets = 500_000

const ofPackets = 'packet=stream_index,pts_time,dts_time,duration_time,size,flags'

export interface Look {
  /** As many as there are, or as were read in bounded time. */
  packets: Packets
  /** Undefined unless ffprobe came to its end and complained about nothing. */
  header: Header | undefined
}

interface Options {
  /** The ffprobe arguments that open the file. */
  opening: string[]
  ffprobe: string
  bytes: number
  signal?: AbortSignal | undefined
}

/**
 * Scans the packets of a file without decoding, and reads its header, with one ffprobe: for a short film, its start takes
 * longer than its work.
 */
export async function look(file: string, { opening, ffprobe, bytes, signal }: Options): Promise<Look> {
  const small = bytes <= smallFile
  const args = [
    ...['-v', 'error', '-show_format', '-show_streams', '-show_entries', `${ofPrograms}:${ofPackets}`],
    ...['-of', 'json=compact=1'],
    ...(small ? [] : ['-read_intervals', `%+${sample}`]),
    ...opening
  ]
  const command = underLock(ffprobe, args, { reads: [file], seconds: timeout, fileSize: 0 })
  const subprocess = execa(command.file, command.args, {
    ...spawnOptions,
    env: command.env,
    buffer: false,
    timeout: timeout * 1000,
    ...(signal && { cancelSignal: signal })
  })
  sayProgram(ffprobe, subprocess)
  const stderr = keepTail(subprocess.stderr)

  const reader = readAnswer()
  for await (const chunk of subprocess.stdout.setEncoding('utf8')) {
    reader.take(chunk)
    if (reader.isTooMuch()) subprocess.kill()
  }
  const { exitCode } = await subprocess
  signal?.throwIfAborted()
  expectLocked({ exitCode, stderr: stderr() })
  const isWhole = exitCode === 0 && !reader.isTooMuch()
  const { format, streams = [], programs = [] } = isWhole && stderr().trim() === '' ? parse(reader.header()) : {}
  return {
    packets: { whole: small && isWhole, streams: reader.streams },
    header: format && { format, streams, programs, opening }
  }
}

/** Takes the packets out of an answer line by line, as they may be many; what is left is the header. */
function readAnswer() {
  const streams: Packets['streams'] = new Map()
  let [open, header] = ['', '']
  let seen = 0
  let isInPackets = false

  function takeLine(line: string) {
    if (line === '    "packets": [') isInPackets = true
    else if (!isInPackets) header += `${line}\n`
    else if (line === '    ],') isInPackets = false
    // Side data, in lines of their own, follow the fields of a packet.
    else if (line.startsWith('        { "')) {
      addPacket(streams, JSON.parse(line.replace(/[\s,}]*$/, '}')))
      seen++
    }
  }

  return {
    streams,
    take(chunk: string) {
      const lines = (open + chunk).split('\n')
      open = lines.pop()!
      lines.forEach(takeLine)
    },
    isTooMuch: () => seen >= mostPackets || open.length + header.length > mostText,
    header: () => header + open
  }
}
