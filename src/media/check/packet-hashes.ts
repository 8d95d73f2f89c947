/** What ffmpeg's muxer `framehash` says of one input. */
export interface Packets {
  /** Hashes in the order of the file. */
  picture: string[]
  sound: string[]
  /** Hashes of what decoders have to know before the first packet. */
  setups: string[]
}

/** Reads the report of an output to which each input gave all of its streams; `streams` is how many each of them has. */
export function packetsIn(text: string, streams: number[]): Packets[] {
  const inputs: Packets[] = streams.map(() => ({ picture: [], sound: [], setups: [] }))
  const byStream = streams.flatMap((count, at) => Array.from({ length: count }, () => inputs[at]!))
  const pictures = new Set([...text.matchAll(/^#media_type (\d+): video$/gm)].map(([, stream]) => Number(stream)))
  for (const [, stream, hash] of text.matchAll(/^#extradata (\d+),[^,]+, *(\w+)/gm)) {
    byStream[Number(stream)]?.setups.push(hash!)
  }
  // Number of the stream, three times, and a size come before the hash; side data may follow.
  for (const [, stream, hash] of text.matchAll(/^(\d+),(?:[^,]+,){4} *(\w+)/gm)) {
    byStream[Number(stream)]?.[pictures.has(Number(stream)) ? 'picture' : 'sound'].push(hash!)
  }
  return inputs
}

/** Whether one of two lists of packets is the beginning of the other. */
export function beginAlike(one: string[], other: string[]) {
  const both = Math.min(one.length, other.length)
  return one.slice(0, both).join() === other.slice(0, both).join()
}

export function endAlike(one: string[], other: string[]) {
  return beginAlike(one.toReversed(), other.toReversed())
}
