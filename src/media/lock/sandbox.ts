/** What keeps a decoder in, as it was proved on the worker's machine. */
export interface Sandbox {
  /** How files are kept from it; null where they are not. */
  files: string | null
  /** How the network is kept from it; null where it is not. */
  network: string | null
  user: 'own' | 'same'
  proved_at: string | null
  missing: { layer: string; why: string; how: string }[]
  /** With HARDWARE: the encoders in hardware that work in there, whose devices it lets through, and why others do not. */
  hardware?: { encoders: string[]; failures: string[] }
}

export const isProved = ({ files, network }: Pick<Sandbox, 'files' | 'network'>) => files !== null && network !== null

/** With MEDIA_SANDBOX=off. */
export const noSandbox = () => unproved('MEDIA_SANDBOX=off', 'Unset MEDIA_SANDBOX, and restart the worker')

export function unproved(why: string, how: string): Sandbox {
  const missing = ['files', 'network'].map(layer => ({ layer, why, how }))
  return { files: null, network: null, user: 'same', proved_at: null, missing }
}

/** For health checks. */
export const shown = ({ files, network, proved_at, missing }: Sandbox) => ({ files, network, proved_at, missing })
