import { signal } from '@preact/signals'
import { momentNow } from './time.ts'

/** Whether the last answer came, and when: the frame says "reconnecting" and how old what it shows is. */
const lost = signal(false)
const heardAt = signal<number | undefined>(undefined)
/** Of the socket that pushes changes: `none` where there was one never, or not for long. */
const socket = signal<'open' | 'lost' | 'none'>('open')

export function heard() {
  heardAt.value = momentNow()
  lost.value = false
}

export function missed() {
  lost.value = true
}

export function socketIs(state: 'open' | 'lost' | 'none') {
  socket.value = state
}

export const connection = {
  get lost() {
    return lost.value || socket.value === 'lost'
  },
  /** Changes are asked for, as none are pushed. */
  get polls() {
    return socket.value === 'none'
  },
  get heardAt() {
    return heardAt.value
  }
}
